import { asyncSuspended, awaitingTask, resumeAsync } from './async-await.ts';
import { AsyncStrand } from './async-strand.ts';
import type { Awaitable, Suspension } from './awaitable.ts';
import { requireScheduler } from './ensure.ts';
import type { Task } from './task.ts';

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
    const task = awaitingTask();
    const strand = new PassAwait(task, this.result, onFulfilled, onRejected);
    (task?.scheduler ?? requireScheduler()).pushReady(strand);
    if (task !== null) asyncSuspended(task);
    return strand as PromiseLike<R1 | R2>;
  }
}

/** An async function's await of a bare pass: the task waits for nothing that could be cancelled, as in asyncio. */
class PassAwait<T> extends AsyncStrand<T> {
  readonly awaited = null;

  constructor(
    task: Task<unknown> | null,
    private readonly result: T,
    onFulfilled: ((value: T) => unknown) | null | undefined,
    onRejected: ((error: unknown) => unknown) | null | undefined,
  ) {
    super(task, onFulfilled, onRejected);
    if (task?.isScopeCancelled() === true) task.requestScopeCancel();
  }

  cancel(): boolean {
    return false;
  }

  run(): void {
    const { task } = this;
    if (task !== null && !task.done()) resumeAsync(task);
    const cancelled = task?.takePendingCancel() ?? null;
    if (cancelled === null) this.fulfill(this.result);
    else this.reject(cancelled);
  }
}
