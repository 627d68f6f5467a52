import { AsyncStrand } from '../tasks/async-strand.ts';
import type { Awaitable, Coroutine, Suspension } from '../tasks/awaitable.ts';
import { requestAgain, requestsFor } from '../tasks/cancellation.ts';
import { CoroutineAwait } from '../tasks/coroutine-await.ts';
import { awaitingDriver, currentDriver } from '../tasks/current-task.ts';
import { createTask } from '../tasks/ensure.ts';
import { CancelledError } from '../tasks/errors.ts';
import { futureFlag } from '../tasks/future.ts';
import type { Place } from './place.ts';

/**
 * An operation that may have to stand in a line, such as `lock.acquire()`: lazy like a coroutine, so nothing happens
 * before it is awaited, and without a generator, so that one which need not wait costs little more than a call.
 *
 * It is its own iterator, with everything that makes it a coroutine to those who drive those. As with a coroutine, one
 * call is awaited once.
 */
export abstract class BlockingOperation<T, P extends Place = Place> implements Awaitable<T> {
  /** Where the operation stands in line; null before it began and after it ended. */
  #place: P | null = null;

  /** The caller arrives: what it wants can be had now (null), or it has to wait in `place`. */
  protected abstract begin(): P | null;

  /** `place` was woken and its task runs: on to `finish` (null), or to another place. */
  protected woken(_place: P): P | null {
    return null;
  }

  /** The wait ends without success: leave the line, and pass on what only this waiter has been told. */
  protected abstract interrupted(place: P): void;

  /** True if what was waited for has happened already and cannot be undone, so that a cancellation comes too late. */
  protected isSettled(_place: P): boolean {
    return false;
  }

  /** The result. `place`: where the operation waited last; null when it didn't have to. */
  protected abstract finish(place: P | null): T;

  [Symbol.iterator](): Coroutine<T> {
    return this as unknown as Coroutine<T>;
  }

  /** The operation begins at once, as part of the task whose async function awaits it; outside any, it becomes a task. */
  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((error: unknown) => R2 | PromiseLike<R2>) | null,
  ): PromiseLike<R1 | R2> {
    let step: IteratorResult<Suspension, T>;
    try {
      step = this.next();
    } catch (error) {
      return new SettledAwait<T>(onFulfilled, onRejected).failed(error) as PromiseLike<R1 | R2>;
    }
    if (step.done === true) {
      return new SettledAwait<T>(onFulfilled, onRejected).succeeded(step.value) as PromiseLike<R1 | R2>;
    }
    const driver = awaitingDriver();
    if (driver === null) return createTask<T>(this).then(onFulfilled, onRejected);
    const strand = new CoroutineAwait<T>(driver, this[Symbol.iterator](), onFulfilled, onRejected);
    strand.begin();
    return strand as PromiseLike<R1 | R2>;
  }

  /** @internal The iterator's step. */
  next(): IteratorResult<Suspension, T> {
    const place = this.#place;
    if (place === null) return this.#proceed(this.begin(), null);
    if (!place.done()) return handOut(place);
    if (place.cancelled()) return this.throw(place.takeCancelledError());
    this.#place = null;
    return this.#proceed(this.woken(place), place);
  }

  /** @internal The iterator's throw: an error, nearly always a cancellation, is delivered where the task waits. */
  throw(error: unknown): IteratorResult<Suspension, T> {
    const place = this.#place;
    this.#place = null;
    if (place !== null) {
      if (error instanceof CancelledError && this.isSettled(place)) {
        postpone(error);
        return this.#proceed(null, place);
      }
      this.interrupted(place);
    }
    throw error;
  }

  /** @internal The iterator's return: the coroutine is closed while it waits. */
  return(value: T): IteratorResult<Suspension, T> {
    const place = this.#place;
    this.#place = null;
    if (place !== null) this.interrupted(place);
    return { done: true, value };
  }

  #proceed(next: P | null, last: P | null): IteratorResult<Suspension, T> {
    if (next === null) return { done: true, value: this.finish(last) };
    this.#place = next;
    return handOut(next);
  }
}

/** As the future's own iterator would. */
function handOut(place: Place): IteratorResult<Suspension, never> {
  place.flags |= futureFlag.handedOut;
  return { done: false, value: place };
}

/**
 * Has a cancellation that is being delivered delivered again when the task next waits. Taking the request back and
 * making it anew leaves the count of requests, by which timeouts and groups know their own, as it was. A cancel scope
 * needs none of that: it cancels every wait in it.
 */
function postpone(cancellation: CancelledError): void {
  const driver = currentDriver();
  if (driver === null || requestsFor(driver) === 0) return;
  requestAgain(driver, cancellation);
}

/** An `await` that need not wait: the function goes on at once, without any promise but its own. */
class SettledAwait<T> extends AsyncStrand<T> {
  constructor(
    onFulfilled: ((value: T) => unknown) | null | undefined,
    onRejected: ((error: unknown) => unknown) | null | undefined,
  ) {
    super(null, onFulfilled, onRejected);
  }

  succeeded(value: T): this {
    this.fulfill(value);
    return this;
  }

  failed(error: unknown): this {
    this.reject(error);
    return this;
  }

  run(): void {}

  listFutures(): void {}

  cancel(): boolean {
    return false;
  }
}
