import { asyncSuspended, LeafAwait, resumeAsync } from './async-await.ts';
import type { Awaitable, Suspension } from './awaitable.ts';
import { enterWait, isScopeCancelled, leaveWait } from './cancellation.ts';
import { awaitingDriver } from './current-task.ts';
import type { Driver } from './driver.ts';
import { requireScheduler } from './ensure.ts';
import { type CancelledError, type CancelReason, cancelledError } from './errors.ts';
import type { CancelMode } from './waiting.ts';

/** `sleep(0)`: suspends for one pass, and then gives a result. */
export class BarePass<T> implements Awaitable<T> {
  private suspended = false;

  constructor(private readonly result: T) {}

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Suspension, T> {
    this.suspended = !this.suspended;
    return this.suspended ? { done: false, value: null } : { done: true, value: this.result };
  }

  throw(error: unknown): IteratorResult<Suspension, T> {
    this.suspended = false;
    throw error;
  }

  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((error: unknown) => R2 | PromiseLike<R2>) | null,
  ): PromiseLike<R1 | R2> {
    const parent = awaitingDriver();
    const strand = new PassAwait(parent, this.result, onFulfilled, onRejected);
    (parent?.owner.scheduler ?? requireScheduler()).pushReady(strand);
    if (parent !== null) {
      enterWait(parent, strand);
      asyncSuspended(parent.owner);
    }
    return strand as PromiseLike<R1 | R2>;
  }
}

/** An async function's await of a bare pass: there is nothing to cancel, so that what is requested is kept. */
class PassAwait<T> extends LeafAwait<T> {
  private byScope = false;

  constructor(
    parent: Driver | null,
    private readonly result: T,
    onFulfilled: ((value: T) => unknown) | null | undefined,
    onRejected: ((error: unknown) => unknown) | null | undefined,
  ) {
    super(parent, onFulfilled, onRejected);
  }

  cancel(reason?: CancelReason, mode: CancelMode = 'request'): boolean {
    if (mode === 'scope') this.byScope = true;
    else this.keep(reason);
    return true;
  }

  listFutures(): void {}

  run(): void {
    const cancelled = this.parent === null ? null : this.leave(this.parent);
    if (cancelled === null) this.fulfill(this.result);
    else this.reject(cancelled);
  }

  private leave(parent: Driver): CancelledError | null {
    leaveWait(parent, this);
    if (!parent.owner.done()) resumeAsync(parent.owner);
    const requested = this.takeCancel(parent);
    if (requested !== null || !this.byScope || !isScopeCancelled(parent)) return requested;
    return cancelledError(undefined);
  }
}
