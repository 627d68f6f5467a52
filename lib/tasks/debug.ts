import type { Runnable } from '../scheduler/handle.ts';
import type { Observer, Scheduler } from '../scheduler/scheduler.ts';
import { type Coroutine, makeAwaitable, type Suspension } from './awaitable.ts';
import { setCoroutineWatcher, thenOfCoroutine } from './coroutine.ts';
import { steppingDriver } from './current-task.ts';
import type { Driver } from './driver.ts';
import { Task } from './task.ts';

/** Schedulers in debug mode: while there are any, coroutines that nobody awaits are looked for. */
const debugging = new Set<Scheduler>();

/**
 * Debug mode of a loop: steps and callbacks that run for `slowCallbackMs()` or longer are told of in a warning, with
 * the task's name and where it was made; so are coroutines that were made and never awaited. One that is awaited or
 * given to a task twice is refused. Tasks remember where they were made.
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

/** Stands for a coroutine, and notices whether that is ever started, or started by two. */
class WatchedCoroutine<T> {
  private readonly state: Unawaited;
  private driver: Driver | null = null;
  private ended = false;

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
    const driver = steppingDriver();
    if (this.ended) throw new Error('cannot reuse already awaited coroutine');
    if (this.state.started && driver !== this.driver) throw new Error('coroutine is being awaited already');
    this.driver = driver;
    return this.step(() => this.made.next());
  }

  throw(error: unknown): IteratorResult<Suspension, T> {
    return this.step(() => this.made.throw(error));
  }

  return(value: T): IteratorResult<Suspension, T> {
    return this.step(() => this.made.return(value));
  }

  private step(take: () => IteratorResult<Suspension, T>): IteratorResult<Suspension, T> {
    this.state.started = true;
    let ended = true;
    try {
      const result = take();
      ended = result.done === true;
      return result;
    } finally {
      this.ended = ended;
    }
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
