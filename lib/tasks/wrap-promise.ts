import { argumentType } from '../arguments.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { isThenable, type Suspension } from './awaitable.ts';
import { requireScheduler } from './ensure.ts';
import { CancelledError } from './errors.ts';
import { Future } from './future.ts';
import type { Waiting } from './waiting.ts';

/**
 * A future for a promise from elsewhere, so that a task that waits for it can be cancelled. Given a function, calls
 * it with an AbortSignal that is aborted when the future is cancelled: `wrapPromise((signal) => fetch(url, { signal }))`.
 * A bare promise can't be stopped: when the future is cancelled, what the promise then gives is dropped.
 * @throws TypeError when there is no promise
 */
export function wrapPromise<T>(
  source: PromiseLike<T> | ((signal: AbortSignal) => PromiseLike<T>),
  /** @internal */ scheduler: Scheduler = requireScheduler(),
): Future<T> {
  const future = new PromiseFuture<T>(scheduler);
  future.follow(source);
  return future;
}

/**
 * @internal A future for a promise that was given in place of something awaitable. It may well be that of an async
 * function whose awaits are the task's own, so that a virtual clock does not stand still for it.
 */
export function followPassed<T>(promise: PromiseLike<T>, scheduler: Scheduler): Future<T> {
  const future = new PassedPromise<T>(scheduler);
  future.follow(promise);
  return future;
}

class PromiseFuture<T> extends Future<T> {
  private controller: AbortController | null = null;
  private following = false;

  follow(source: PromiseLike<T> | ((signal: AbortSignal) => PromiseLike<T>)): void {
    let promise: PromiseLike<T>;
    if (typeof source === 'function') {
      this.controller = new AbortController();
      promise = source(this.controller.signal);
    } else promise = source;
    if (!isThenable(promise))
      throw argumentType('source', 'Promise, or a function that returns one', promise);
    this.following = true;
    this.count(1);
    promise.then(
      (value) => {
        if (this.done()) return;
        this.unfollow();
        this.setResult(value);
      },
      (error) => {
        if (this.done()) return;
        this.unfollow();
        this.setException(error);
      },
    );
  }

  protected override onCancel(): void {
    this.unfollow();
    this.controller?.abort(new CancelledError());
  }

  override describe(): string {
    return 'a promise';
  }

  protected count(change: number): void {
    this.scheduler.externals += change;
  }

  private unfollow(): void {
    if (!this.following) return;
    this.following = false;
    this.count(-1);
  }
}

class PassedPromise<T> extends PromiseFuture<T> implements Waiting {
  /** If the promise depends on an await of the same task, cancelling that settles it. */
  readonly cancelledLast = true;

  /** Only one body has this future: when that is left, nobody follows the promise any more. */
  override throw(error: unknown): IteratorResult<Suspension, T> {
    this.cancel();
    throw error;
  }

  protected override count(change: number): void {
    this.scheduler.promises += change;
  }
}
