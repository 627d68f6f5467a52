import { inspect } from 'node:util';
import { checkContext, checkFunction, checkOptions } from '../arguments.ts';
import type { AbstractEventLoop } from '../loop/abstract-event-loop.ts';
import type { Context } from '../scheduler/context.ts';
import { copyContext } from '../scheduler/context.ts';
import { callbackHook, type Runnable } from '../scheduler/handle.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { awaitFuture } from './async-await.ts';
import type { Awaitable, Suspension } from './awaitable.ts';
import {
  CancelledError,
  type CancelReason,
  cancelledError,
  checkReason,
  InvalidStateError,
} from './errors.ts';
import { type FutureState, inspectFuture, stateOf } from './inspection.ts';
import { requireScheduler, schedulerOf } from './running-scheduler.ts';

/** @internal Bits of `Future.flags`. Tasks use the rest, see task.ts. */
export const futureFlag = {
  /** Mask: 0 pending, else one of the next three. */
  state: 3,
  result: 1,
  error: 2,
  cancelled: 3,
  /** An error that nobody has looked at. */
  unretrieved: 4,
  /** `start` was called. */
  started: 8,
  /** The iterator has handed the future out, and no task waits for it yet. */
  handedOut: 16,
  /** Of a task: its body is a generator. */
  generator: 32,
} as const;

/** Who waits for a future. */
export interface Waiter {
  /** `future` is done: get ready to run. Called synchronously, so it must not run anything. */
  wake(future: Future<unknown>): void;
  /** The task, or the future of a combinator, that waits by way of this, if any: for the call graph. */
  readonly awaiter: Future<unknown> | null;
  /** The loop was closed, and the future is not done. */
  loopClosed?(): void;
}

/**
 * A value that is still to come (asyncio: `Future`). `yield*` it or `await` it. Cancelling a task that waits for a
 * future cancels the future, and with it everybody else who waits for it; `shield` protects against that.
 *
 * Done callbacks and waiters run in the pass after the one in which the future got done, in the order in which they
 * came.
 */
export class Future<T> implements Awaitable<T> {
  /** @internal */ scheduler: Scheduler;
  /** @internal */ flags = 0;
  /** @internal The result, the error, or the CancelledError or its message. */
  value: unknown = undefined;
  private waiters: Waiter | Waiter[] | null = null;

  /** `loop`: by default the running one. */
  constructor(loop?: AbstractEventLoop);
  /** @internal */
  constructor(scheduler: Scheduler);
  constructor(loop?: object) {
    if (loop instanceof Scheduler) this.scheduler = loop;
    else this.scheduler = loop === undefined ? requireScheduler() : schedulerOf(loop);
  }

  /** The event loop this future belongs to. */
  getLoop(): unknown {
    return this.scheduler.loop;
  }

  /** True once it has a result or an error, or was cancelled. */
  done(): boolean {
    return (this.flags & futureFlag.state) !== 0;
  }

  /** True once it was cancelled. */
  cancelled(): boolean {
    return (this.flags & futureFlag.state) === futureFlag.cancelled;
  }

  /**
   * The result of a done future.
   * @throws the error it failed with; CancelledError when it was cancelled; InvalidStateError when it is not done
   */
  result(): T {
    switch (this.flags & futureFlag.state) {
      case futureFlag.result:
        return this.value as T;
      case futureFlag.error:
        this.flags &= ~futureFlag.unretrieved;
        throw this.value;
      case futureFlag.cancelled:
        throw this.takeCancelledError();
      default:
        throw new InvalidStateError('Result is not ready.');
    }
  }

  /**
   * The error that a done future failed with, or null.
   * @throws CancelledError when it was cancelled; InvalidStateError when it is not done
   */
  exception(): unknown {
    switch (this.flags & futureFlag.state) {
      case futureFlag.result:
        return null;
      case futureFlag.error:
        this.flags &= ~futureFlag.unretrieved;
        return this.value;
      case futureFlag.cancelled:
        throw this.takeCancelledError();
      default:
        throw new InvalidStateError('Exception is not set.');
    }
  }

  /** @throws InvalidStateError when the future is done already */
  setResult(value: T): void {
    this.checkPending();
    this.finishWithResult(value);
  }

  /** @throws InvalidStateError when the future is done already */
  setException(error: unknown): void {
    this.checkPending();
    this.finishWithError(error);
  }

  /**
   * Cancels the future: at once it is done, and its callbacks run in the next pass. Returns false when it was done
   * already; a failure of it then counts as looked at.
   */
  cancel(message?: string): boolean;
  /** @internal */
  cancel(reason?: CancelReason): boolean;
  cancel(reason?: CancelReason): boolean {
    if (reason !== undefined) checkReason(reason);
    this.flags &= ~futureFlag.unretrieved;
    if (this.done()) return false;
    this.finishCancelled(reason);
    return true;
  }

  /** Calls `callback(this)` in the pass after the future got done; in the next one, if it is done already. */
  addDoneCallback(callback: (future: this) => unknown, options: { context?: Context } = {}): void {
    checkFunction('callback', callback);
    checkOptions('options', options);
    if (options.context !== undefined) checkContext('options.context', options.context);
    this.begin();
    this.addWaiter(
      new DoneCallback(
        this,
        callback as (future: Future<unknown>) => unknown,
        options.context ?? copyContext(),
      ),
    );
  }

  /** Removes every registration of `callback` that has not been scheduled; returns how many there were. */
  removeDoneCallback(callback: (future: this) => unknown): number {
    return this.removeWaiters((waiter) => waiter instanceof DoneCallback && waiter.callback === callback);
  }

  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((error: unknown) => R2 | PromiseLike<R2>) | null,
  ): PromiseLike<R1 | R2> {
    this.begin();
    return awaitFuture(this, onFulfilled, onRejected);
  }

  /** A future is its own iterator, which keeps no state: any number of coroutines may `yield*` it. */
  [Symbol.iterator](): Iterator<Suspension, T, unknown> {
    return this;
  }

  /** @internal The iterator's step: suspends until the future is done, then gives its result or throws its error. */
  next(): IteratorResult<Suspension, T> {
    if ((this.flags & futureFlag.state) === 0) {
      this.begin();
      if ((this.flags & futureFlag.state) === 0) {
        if ((this.flags & futureFlag.handedOut) !== 0) this.checkAwaitable();
        this.flags |= futureFlag.handedOut;
        return { done: false, value: this };
      }
    }
    const failure = this.takeFailure();
    if (failure === null) return { done: true, value: this.result() };
    // Throwing in here would keep V8 from optimising the step that does not.
    raise(failure.error);
  }

  /** @internal The iterator's throw: an error delivered where the coroutine waits. */
  throw(error: unknown): IteratorResult<Suspension, T> {
    throw error;
  }

  // ---- for subclasses and the rest of this folder -----------------------------------------------------------------

  /** A lazy operation begins here: called once, when the future is first awaited. */
  protected start(): void {}

  /** The future was cancelled: a leaf operation stops what it has begun. */
  protected onCancel(): void {}

  /** @internal An operation that has not begun may move to another loop; true if it did. */
  adopt(_scheduler: Scheduler): boolean {
    return false;
  }

  /**
   * @internal Whoever takes a future from its iterator and asks for the next value, without having waited, is no
   * event loop: most likely something that takes it for a collection, and would go round for ever.
   */
  checkAwaitable(): void {
    if ((this.flags & futureFlag.handedOut) !== 0) {
      throw new Error(
        `${this.describe()} was iterated or has awaited itself; wait for it with yield* in a coroutine`,
      );
    }
  }

  /** @internal Begins a lazy operation, unless it has begun. */
  begin(): void {
    if ((this.flags & (futureFlag.started | futureFlag.state)) !== 0) return;
    this.flags |= futureFlag.started;
    this.start();
  }

  /** @internal */
  addWaiter(waiter: Waiter): void {
    const { waiters } = this;
    if (this.done()) waiter.wake(this as Future<unknown>);
    else if (waiters === null) this.waiters = waiter;
    else if (Array.isArray(waiters)) waiters.push(waiter);
    else this.waiters = [waiters, waiter];
  }

  /** @internal Removes the waiters that match; returns how many. */
  removeWaiters(matches: (waiter: Waiter) => boolean): number {
    const { waiters } = this;
    if (waiters === null) return 0;
    if (!Array.isArray(waiters)) {
      if (!matches(waiters)) return 0;
      this.waiters = null;
      return 1;
    }
    const kept = waiters.filter((waiter) => !matches(waiter));
    this.waiters = kept.length === 0 ? null : kept;
    return waiters.length - kept.length;
  }

  /** @internal See `Waiting`. */
  listFutures(futures: Future<unknown>[]): void {
    futures.push(this as Future<unknown>);
  }

  /** @internal Everybody who waits, in order. */
  listWaiters(): readonly Waiter[] {
    const { waiters } = this;
    return waiters === null ? [] : Array.isArray(waiters) ? waiters : [waiters];
  }

  /** @internal The loop was closed: this will never be done. */
  loopClosed(): void {
    for (const waiter of this.listWaiters()) waiter.loopClosed?.();
  }

  /** @internal True for a failure that nobody has looked at. */
  isUnobserved(): boolean {
    return (this.flags & futureFlag.unretrieved) !== 0;
  }

  /** @internal Nobody has looked at this failure for long enough. */
  report(): void {
    this.flags &= ~futureFlag.unretrieved;
    if (this.value instanceof CancelledError) return;
    this.scheduler.reportError({
      message: `${this.describe()} failed and nobody looked at its error`,
      exception: this.value,
      future: this,
    });
  }

  /** What it is and how it stands: for `JSON.stringify`, which could not show the loop and all that waits. */
  toJSON(): { name: string; state: FutureState } {
    return { name: this.describe(), state: stateOf(this as Future<unknown>) };
  }

  /** For `console.log`. */
  [inspect.custom](depth: number | null, options: object): string {
    const description = this.describe();
    return inspectFuture('Future', description === 'Future' ? null : description, this, depth, options);
  }

  /** @internal What to call this future in a report. */
  describe(): string {
    return this.constructor.name;
  }

  /** @internal The error of a future that failed or was cancelled, which counts as looked at; otherwise null. */
  takeFailure(): { error: unknown } | null {
    const state = this.flags & futureFlag.state;
    if (state === futureFlag.cancelled) return { error: this.takeCancelledError() };
    if (state !== futureFlag.error) return null;
    this.flags &= ~futureFlag.unretrieved;
    return { error: this.value };
  }

  /** @internal The CancelledError that this future was cancelled with, or a new one: each is thrown only once. */
  takeCancelledError(): CancelledError {
    const { value } = this;
    if (value instanceof CancelledError) {
      this.value = value.message;
      return value;
    }
    return cancelledError(value as string | undefined);
  }

  /** @internal */
  protected finishWithResult(value: T): void {
    this.flags |= futureFlag.result;
    this.value = value;
    this.wakeWaiters();
  }

  /** @internal */
  protected finishWithError(error: unknown): void {
    this.flags |= futureFlag.error | futureFlag.unretrieved;
    this.value = error;
    this.scheduler.lateReports.add(this);
    this.wakeWaiters();
  }

  /** @internal `cause`: the CancelledError that came out of a coroutine, or a message for a new one. */
  protected finishCancelled(cause: CancelReason): void {
    this.flags |= futureFlag.cancelled;
    this.value = cause;
    this.onCancel();
    this.wakeWaiters();
  }

  private checkPending(): void {
    if (this.done()) throw new InvalidStateError('The future is done already.');
  }

  private wakeWaiters(): void {
    const { waiters } = this;
    if (waiters === null) return;
    this.waiters = null;
    if (Array.isArray(waiters)) for (const waiter of waiters) waiter.wake(this as Future<unknown>);
    else waiters.wake(this as Future<unknown>);
  }
}

/** True for futures and tasks. (asyncio: `isfuture`) */
export function isFuture(value: unknown): value is Future<unknown> {
  return value instanceof Future;
}

function raise(error: unknown): never {
  throw error;
}

/** A function that is called in the pass after a future got done. */
export class DoneCallback implements Waiter, Runnable {
  constructor(
    private readonly future: Future<never> | Future<unknown>,
    readonly callback: (future: Future<unknown>) => unknown,
    /** null: without a context of its own */
    private readonly context: Context | null,
    readonly awaiter: Future<unknown> | null = null,
  ) {}

  wake(): void {
    this.future.scheduler.pushReady(this);
  }

  run(): void {
    if (this.context === null) this.call();
    else this.context.run(callDoneCallback, this);
  }

  call(): void {
    const { future, callback } = this;
    try {
      if (this.context !== null) callbackHook.before?.();
      callback(future as Future<unknown>);
    } catch (error) {
      future.scheduler.reportError({
        message: `Exception in done callback ${callback.name || '(anonymous)'}`,
        exception: error,
        future,
      });
    }
  }
}

function callDoneCallback(callback: DoneCallback): void {
  callback.call();
}
