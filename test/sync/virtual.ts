import type { Poller } from '../../lib/scheduler/poller.ts';
import { Scheduler } from '../../lib/scheduler/scheduler.ts';
import type { Awaitable, Coroutine } from '../../lib/tasks/awaitable.ts';
import { createTask } from '../../lib/tasks/ensure.ts';
import type { Task } from '../../lib/tasks/task.ts';

/** A poller whose clock jumps to the next timer, and that counts the passes. */
class JumpingPoller implements Poller {
  readonly resolutionMs = 1e-6;
  passes = 0;
  idle = false;
  #nowMs = 0;

  now(): number {
    return this.#nowMs;
  }
  poll(timeoutMs: number): void {
    this.passes += 1;
    this.idle = timeoutMs === Infinity;
    if (!this.idle) this.#nowMs += timeoutMs;
  }
  settle(): void {}
  pause(): void {}
  setReferenced(): void {}
  close(): void {}
}

let current: JumpingPoller | null = null;

/** The number of the running pass: what is compared when a test says "in the same pass". */
export function currentPass(): number {
  return current!.passes;
}

/** Runs `main` as a task on a loop with a virtual clock; throws when nothing can happen any more before it ends. */
export async function runVirtually<T>(main: () => Coroutine<T> | Promise<T>): Promise<T> {
  const poller = new JumpingPoller();
  current = poller;
  const scheduler = new Scheduler(poller);
  let task: Task<T> | null = null;
  scheduler.callSoon(() => {
    task = createTask<T>(main);
  });
  do {
    scheduler.turn();
    await new Promise(setImmediate);
    if (poller.idle && task !== null && !(task as Task<T>).done()) throw new Error('deadlock');
  } while (task === null || !(task as Task<T>).done());
  const done: Task<T> = task;
  const failed = done.cancelled() ? new Error('main was cancelled') : done.exception();
  scheduler.close();
  if (failed !== null) throw failed;
  return done.result();
}

/**
 * A coroutine written once for both flavours: it yields awaitables and is sent what they give. `any` is what `yield`
 * is worth to the compiler: the types of what is sent in can differ from one `yield` to the next.
 */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Script<T = unknown> = Generator<Awaitable<unknown>, T, any>;
export type Body<T = unknown> = () => Coroutine<T> | Promise<T>;

/** `yield*` for everything the script yields. */
export function asGenerator<T>(script: () => Script<T>): () => Coroutine<T> {
  return function* () {
    const run = script();
    let step = run.next();
    while (step.done !== true) {
      let value: unknown;
      try {
        value = yield* step.value;
      } catch (error) {
        step = run.throw(error);
        continue;
      }
      step = run.next(value);
    }
    return step.value;
  };
}

/** `await` for everything the script yields. */
export function asAsync<T>(script: () => Script<T>): () => Promise<T> {
  return async () => {
    const run = script();
    let step = run.next();
    while (step.done !== true) {
      let value: unknown;
      try {
        value = await step.value;
      } catch (error) {
        step = run.throw(error);
        continue;
      }
      step = run.next(value);
    }
    return step.value;
  };
}

export type Flavour = <T>(script: () => Script<T>) => Body<T>;
export const flavours: readonly [name: string, flavour: Flavour][] = [
  ['generator', asGenerator],
  ['async', asAsync],
];
