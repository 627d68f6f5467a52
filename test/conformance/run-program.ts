import type { Coroutine, TaskBody } from 'coriolis';
import type { Host } from './host.ts';
import type { Machine } from './machine.ts';
import type { Program, Trace } from './program.ts';
import { AsyncOperations } from './suspending-async.ts';
import { GeneratorOperations } from './suspending-generator.ts';

/** What the coroutines of a program are made of. */
export type Flavor = 'generator' | 'async';

class GeneratorMachine extends GeneratorOperations {
  protected override coroutine(name: string, label: string): TaskBody<unknown> {
    return this.body(name, label);
  }

  protected override dispose(coroutines: Iterable<unknown>): void {
    for (const coroutine of coroutines) {
      try {
        (coroutine as Coroutine<unknown>).return(null);
      } catch {
        // What a program's own clean-up throws now is not part of the trace.
      }
    }
  }
}

class AsyncMachine extends AsyncOperations {
  protected override coroutine(name: string, label: string): TaskBody<unknown> {
    return () => this.body(name, label);
  }

  protected override dispose(): void {
    // Async functions that wait for ever are garbage.
  }
}

function makeMachine(program: Program, flavor: Flavor, host: Host): Machine {
  return flavor === 'generator' ? new GeneratorMachine(program, host) : new AsyncMachine(program, host);
}

/** Runs one program on `host`, which is used up. */
export function runProgram(program: Program, flavor: Flavor, host: Host): Promise<Trace> {
  return makeMachine(program, flavor, host).run();
}

/** The same, and whether the oracle's trace of it means anything. */
export async function runComparable(
  program: Program,
  flavor: Flavor,
  host: Host,
): Promise<{ trace: Trace; comparable: boolean }> {
  const machine = makeMachine(program, flavor, host);
  const trace = await machine.run();
  return { trace, comparable: machine.comparable };
}
