import type { Scheduler } from '../scheduler/scheduler.ts';
import { requireScheduler } from './ensure.ts';
import { CancelledError } from './errors.ts';
import { Future } from './future.ts';

/**
 * A future for a promise from elsewhere, so that a task that waits for it can be cancelled. Given a function, calls
 * it with an AbortSignal that is aborted when the future is cancelled: `wrapPromise((signal) => fetch(url, { signal }))`.
 * A bare promise can't be stopped: when the future is cancelled, what the promise then gives is dropped.
 */
export function wrapPromise<T>(
  source: PromiseLike<T> | ((signal: AbortSignal) => PromiseLike<T>),
  /** @internal */ scheduler: Scheduler = requireScheduler(),
): Future<T> {
  const future = new PromiseFuture<T>(scheduler);
  future.follow(source);
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
    this.following = true;
    this.scheduler.externals++;
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

  private unfollow(): void {
    if (!this.following) return;
    this.following = false;
    this.scheduler.externals--;
  }
}
