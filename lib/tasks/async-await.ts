import { microtask } from '../scheduler/microtask.ts';
import { AsyncStrand } from './async-strand.ts';
import { enterWait, leaveWait, takePendingCancel } from './cancellation.ts';
import { awaitingDriver } from './current-task.ts';
import type { Driver } from './driver.ts';
import { type CancelledError, type CancelReason, cancelledError } from './errors.ts';
import { type Future, futureFlag, type Waiter } from './future.ts';
import { stepEnds, stepStarts } from './instruments.ts';
import type { Task } from './task.ts';
import type { CancelMode } from './waiting.ts';

/** `then` of a future: the await of an async function becomes what its task waits for. */
export function awaitFuture<T, R1, R2>(
  future: Future<T>,
  onFulfilled: ((value: T) => R1 | PromiseLike<R1>) | null | undefined,
  onRejected: ((error: unknown) => R2 | PromiseLike<R2>) | null | undefined,
): PromiseLike<R1 | R2> {
  const strand = new FutureAwait(awaitingDriver(), future, onFulfilled, onRejected);
  strand.begin();
  return strand as PromiseLike<R1 | R2>;
}

/** An async function of `task` is about to be resumed: the pass stops until it waits again. */
export function resumeAsync(task: Task<unknown>): void {
  stepStarts(task);
  task.scheduler.pauseFor(task);
}

/** An async function of `task` waits: the pass goes on. */
export function asyncSuspended(task: Task<unknown>): void {
  stepEnds(task);
  task.scheduler.caughtUp(task);
}

/** What a task gets that waits for a future of another loop. */
export function foreignFuture(task: Task<unknown>, future: Future<never> | Future<unknown>): Error {
  return new Error(`${task.describe()} waits for a ${future.describe()} of a different event loop`);
}

/** An await of something that may have come already when it is cancelled, before the function has been told. */
export abstract class LeafAwait<T> extends AsyncStrand<T> {
  private kept: { reason: CancelReason } | null = null;

  /** The request is kept until the function goes on. */
  protected keep(reason: CancelReason): void {
    this.kept = { reason };
  }

  /** What is to be thrown in place of what has come. */
  protected takeCancel(parent: Driver): CancelledError | null {
    const { kept } = this;
    const pending = takePendingCancel(parent);
    return pending !== null || kept === null ? pending : cancelledError(kept.reason);
  }

  forget(): void {
    this.kept = null;
  }
}

class FutureAwait<T> extends LeafAwait<T> implements Waiter {
  /** Why this can't be awaited. */
  private failure: { error: unknown } | null = null;

  constructor(
    parent: Driver | null,
    private readonly future: Future<T>,
    onFulfilled: ((value: T) => unknown) | null | undefined,
    onRejected: ((error: unknown) => unknown) | null | undefined,
  ) {
    super(parent, onFulfilled, onRejected);
  }

  begin(): void {
    const { parent, future } = this;
    const task = parent?.owner ?? null;
    if (future.done()) {
      // No suspension: the function goes on within the same pass, but not before its present code has run.
      microtask(() => this.deliver());
      return;
    }
    try {
      future.checkAwaitable();
      if (future.scheduler.isClosed) throw new Error('Event loop is closed');
      if (task !== null && task.scheduler !== future.scheduler) throw foreignFuture(task, future);
    } catch (error) {
      microtask(() => this.reject(error));
      return;
    }
    if (parent === null || task === null) {
      future.addWaiter(this);
      return;
    }
    if ((future as Future<unknown>) === task) {
      task.flags |= futureFlag.handedOut;
      this.failure = { error: new Error(`Task cannot await on itself: ${task.describe()}`) };
      task.scheduler.pushReady(this);
    } else {
      future.addWaiter(this);
      enterWait(parent, this);
    }
    asyncSuspended(task);
  }

  cancel(reason?: CancelReason, mode: CancelMode = 'request'): boolean {
    if (!this.future.cancel(reason) && mode !== 'scope') this.keep(reason);
    return true;
  }

  listFutures(futures: Future<unknown>[]): void {
    this.future.listFutures(futures);
  }

  wake(): void {
    this.future.scheduler.pushReady(this);
  }

  /** Ordinary Node code may wait for a future of a loop that is gone; the loop's own tasks are gone as well. */
  loopClosed(): void {
    if (this.parent !== null) return;
    microtask(() => {
      if (this.future.done()) this.deliver();
      else this.reject(new Error('Event loop is closed'));
    });
  }

  dropped(): void {
    this.loopClosed();
  }

  run(): void {
    const { parent } = this;
    if (parent !== null) {
      leaveWait(parent, this);
      if (!parent.owner.done()) resumeAsync(parent.owner);
      const cancelled = this.takeCancel(parent);
      if (cancelled !== null) {
        this.reject(cancelled);
        return;
      }
    }
    if (this.failure !== null) this.reject(this.failure.error);
    else this.deliver();
  }

  private deliver(): void {
    let value: T;
    try {
      value = this.future.result();
    } catch (error) {
      this.reject(error);
      return;
    }
    this.fulfill(value);
  }
}
