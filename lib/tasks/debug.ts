import type { Runnable } from '../scheduler/handle.ts';
import type { Observer, Scheduler } from '../scheduler/scheduler.ts';
import { type Coroutine, makeAwaitable, type Suspension } from './awaitable.ts';
import { setCoroutineWatcher, thenOfCoroutine } from './coroutine.ts';
import { Task } from './task.ts';

/** Schedulers in debug mode: while there are any, coroutines that nobody awaits are looked for. */
const debugging = new Set<Scheduler>();

/**
 * Debug mode of a loop: steps and callbacks that run for `slowCallbackMs()` or longer are told of in a warning, with
 * the task's name and where it was made; so are coroutines that were made and never awaited. Tasks remember where
 * they were made.
 */
export function setDebug(scheduler: Scheduler, enabled: boolean, slowCallbackMs: () => number): void {
  if (!enabled) {
    scheduler.observer = null;
    debugging.delete(scheduler);
  } else if (scheduler.observer === null) {
    scheduler.observer = new SlowCallbackObserver(slowCallbackMs);
    debugging.add(scheduler);
  }
  setCoroutineWatcher(debugging.size > 0 ? watchCoroutine : null);
}

export function getDebug(scheduler: Scheduler): boolean {
  return scheduler.observer !== null;
}

class SlowCallbackObserver implements Observer {
  private resumedAtMs = 0;

  constructor(private readonly slowMs: () => number) {}

  run(runnable: Runnable): void {
    const startMs = performance.now();
    runnable.run();
    this.check(runnable, performance.now() - startMs);
  }

  asyncResumed(): void {
    this.resumedAtMs = performance.now();
  }

  asyncSuspended(who: object): void {
    this.check(who, performance.now() - this.resumedAtMs);
  }

  private check(who: object, tookMs: number): void {
    if (tookMs < this.slowMs()) return;
    const name = (who as Partial<Runnable>).describe?.() ?? who.constructor.name;
    warn(
      `${name} ran for ${tookMs.toFixed(1)} ms without waiting`,
      'CORIOLIS_SLOW_CALLBACK',
      who instanceof Task ? (who.extra?.creationStack ?? null) : null,
    );
  }
}

/** What is remembered of a coroutine until it is awaited or collected. */
interface Unawaited {
  readonly name: string;
  readonly stack: string | null;
  started: boolean;
}

const collected = new FinalizationRegistry<Unawaited>((coroutine) => {
  if (coroutine.started) return;
  warn(`coroutine '${coroutine.name}' was never awaited`, 'CORIOLIS_NEVER_AWAITED', coroutine.stack);
});

/** Stands for a coroutine and notices whether that is ever started. */
class WatchedCoroutine<T> {
  private readonly state: Unawaited;

  constructor(
    private readonly made: Coroutine<T>,
    name: string,
  ) {
    this.state = { name, stack: new Error('made here').stack ?? null, started: false };
    collected.register(this, this.state);
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Suspension, T> {
    this.state.started = true;
    return this.made.next();
  }

  throw(error: unknown): IteratorResult<Suspension, T> {
    this.state.started = true;
    return this.made.throw(error);
  }

  return(value: T): IteratorResult<Suspension, T> {
    this.state.started = true;
    return this.made.return(value);
  }
}

makeAwaitable(WatchedCoroutine.prototype, thenOfCoroutine as PromiseLike<unknown>['then']);

function watchCoroutine<T>(made: Coroutine<T>, name: string): Coroutine<T> {
  return new WatchedCoroutine(made, name) as unknown as Coroutine<T>;
}

function warn(message: string, code: string, creationStack: string | null): void {
  const detail = creationStack?.split('\n').slice(1).join('\n');
  process.emitWarning(message, {
    type: 'CoriolisWarning',
    code,
    ...(detail === undefined ? {} : { detail }),
  });
}
