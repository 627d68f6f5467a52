import { asyncSuspended, resumeAsync } from './async-await.ts';
import { AsyncStrand } from './async-strand.ts';
import type { Awaitable, Suspension } from './awaitable.ts';
import { isScopeCancelled, scopeCancel, takePendingCancel } from './cancellation.ts';
import { awaitingDriver } from './current-task.ts';
import type { Driver } from './driver.ts';
import { requireScheduler } from './ensure.ts';

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
    if (parent !== null) asyncSuspended(parent.owner);
    return strand as PromiseLike<R1 | R2>;
  }
}

/** An async function's await of a bare pass: the task waits for nothing that could be cancelled, as in asyncio. */
class PassAwait<T> extends AsyncStrand<T> {
  constructor(
    parent: Driver | null,
    private readonly result: T,
    onFulfilled: ((value: T) => unknown) | null | undefined,
    onRejected: ((error: unknown) => unknown) | null | undefined,
  ) {
    super(parent, onFulfilled, onRejected);
    if (parent !== null && isScopeCancelled(parent)) parent.flags |= scopeCancel;
  }

  cancel(): boolean {
    return false;
  }

  listFutures(): void {}

  run(): void {
    const { parent } = this;
    if (parent !== null && !parent.owner.done()) resumeAsync(parent.owner);
    const cancelled = parent === null ? null : takePendingCancel(parent);
    if (cancelled === null) this.fulfill(this.result);
    else this.reject(cancelled);
  }
}
