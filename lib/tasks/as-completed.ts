import { checkIterable, checkMillisecondsOrNull, checkOptions } from '../arguments.ts';
import type { TimerHandle } from '../scheduler/handle.ts';
import type { AnyAwaitable, Awaitable, Coroutine } from './awaitable.ts';
import { coroutine } from './coroutine.ts';
import { whenDone } from './done-callback.ts';
import { ensureFuture, requireScheduler } from './ensure.ts';
import { TimeoutError } from './errors.ts';
import { Future } from './future.ts';
import type { Outcome } from './gather.ts';
import type { TaskBody } from './task.ts';

/** What `asCompleted` can be told. */
export interface AsCompletedOptions {
  /** Milliseconds; what is not done by then is reported as TimeoutError, and goes on. */
  timeout?: number | null | undefined;
}

/**
 * Results in the order in which they come (asyncio: `as_completed`).
 *
 * A plain `for` gives as many awaitables as there are items; awaiting one gives the next result, or throws that
 * item's error. `for await` gives the items themselves, as futures that are done: those that were passed in.
 * @throws TimeoutError from each awaitable that has nothing when the time is up
 */
export function asCompleted<A extends AnyAwaitable<unknown> | TaskBody<unknown>>(
  awaitables: Iterable<A>,
  options: AsCompletedOptions = {},
): AsCompleted<Outcome<A>> {
  checkIterable('awaitables', awaitables);
  checkOptions('options', options);
  const { timeout: timeoutMs = null } = options;
  checkMillisecondsOrNull('options.timeout', timeoutMs);
  return new AsCompleted<Outcome<A>>(awaitables as Iterable<TaskBody<Outcome<A>>>, timeoutMs);
}

/** What `asCompleted` gives: one pass over the items, in either style. */
export class AsCompleted<T> implements Iterable<Awaitable<T>>, AsyncIterable<Future<T>> {
  private readonly scheduler = requireScheduler();
  /** Items that are not done, with what takes their registration back. */
  private readonly unfinished = new Map<Future<T>, () => boolean>();
  /** Items that are done and that nobody has taken; null stands for one that was too late. */
  private readonly finished: (Future<T> | null)[] = [];
  private readonly takers: Future<void>[] = [];
  private readonly timer: TimerHandle | null = null;
  private left: number;

  /** @internal */
  constructor(awaitables: Iterable<AnyAwaitable<T> | TaskBody<T>>, timeoutMs: number | null) {
    for (const awaitable of new Set(awaitables)) {
      const future = ensureFuture(awaitable, this.scheduler);
      if (!this.unfinished.has(future)) this.unfinished.set(future, whenDone(future, this.onDone));
    }
    this.left = this.unfinished.size;
    if (this.left > 0 && timeoutMs !== null) {
      this.timer = this.scheduler.callLater(timeoutMs, this.onTimeout, [], null);
    }
  }

  /** As many awaitables as items are left; each gives the next result. */
  *[Symbol.iterator](): Generator<Awaitable<T>, void, unknown> {
    while (this.left > 0) {
      this.left--;
      yield takeResult(this);
    }
  }

  /** The items themselves, as futures that are done. */
  [Symbol.asyncIterator](): AsyncIterator<Future<T>> {
    return {
      next: () => {
        if (this.left === 0) return Promise.resolve({ done: true, value: undefined });
        this.left--;
        return Promise.resolve(takeItem(this));
      },
      return: () => {
        this.release();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /** @internal The next item that is done. */
  *take(): Coroutine<Future<T>> {
    while (this.finished.length === 0) {
      const taker = new Future<void>(this.scheduler);
      this.takers.push(taker);
      try {
        yield* taker;
      } catch (error) {
        taker.cancel();
        const at = this.takers.indexOf(taker);
        if (at >= 0) this.takers.splice(at, 1);
        // Woken and cancelled at the same time: somebody else takes the item.
        if (this.finished.length > 0 && !taker.cancelled()) this.wakeTaker();
        throw error;
      }
    }
    const item = this.finished.shift()!;
    if (item === null) throw new TimeoutError('The timeout has expired');
    return item;
  }

  /** Nobody wants the rest: what is not done is no longer watched. */
  private release(): void {
    this.left = 0;
    this.timer?.cancel();
    for (const remove of this.unfinished.values()) remove();
    this.unfinished.clear();
  }

  private readonly onDone = (future: Future<T>): void => {
    if (!this.unfinished.delete(future)) return;
    this.put(future);
    if (this.unfinished.size === 0) this.timer?.cancel();
  };

  private readonly onTimeout = (): void => {
    for (const remove of this.unfinished.values()) {
      remove();
      this.put(null);
    }
    this.unfinished.clear();
  };

  private put(item: Future<T> | null): void {
    this.finished.push(item);
    this.wakeTaker();
  }

  private wakeTaker(): void {
    for (let taker = this.takers.shift(); taker !== undefined; taker = this.takers.shift()) {
      if (taker.done()) continue;
      taker.setResult();
      return;
    }
  }
}

const takeResult = coroutine(function* <T>(items: AsCompleted<T>): Coroutine<T> {
  return (yield* items.take()).result();
}) as <T>(items: AsCompleted<T>) => Awaitable<T>;

const takeItem = coroutine(function* <T>(items: AsCompleted<T>): Coroutine<IteratorResult<Future<T>>> {
  return { done: false, value: yield* items.take() };
}) as <T>(items: AsCompleted<T>) => Awaitable<IteratorResult<Future<T>>>;
