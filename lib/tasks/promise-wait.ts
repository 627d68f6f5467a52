/**
 * A generator coroutine waits for a promise that is part of its own task: the promise of an async body given to a
 * generator such as `timeout`. The body's own awaits belong to the task and are what a cancellation reaches; the
 * promise itself is not cancelled. When it settles, the generator goes on within the same step.
 */
export class PromiseWait<T> {
  readonly promise: PromiseLike<T>;
  private state: 'pending' | 'fulfilled' | 'rejected' = 'pending';
  private value: unknown;

  constructor(promise: PromiseLike<T>) {
    this.promise = promise;
  }

  /** Calls `resume` once the promise has settled. */
  onSettled(resume: () => void): void {
    this.promise.then(
      (value) => {
        this.state = 'fulfilled';
        this.value = value;
        resume();
      },
      (error) => {
        this.state = 'rejected';
        this.value = error;
        resume();
      },
    );
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<PromiseWait<T>, T> {
    if (this.state === 'pending') return { done: false, value: this };
    if (this.state === 'rejected') throw this.value;
    return { done: true, value: this.value as T };
  }

  throw(error: unknown): IteratorResult<PromiseWait<T>, T> {
    throw error;
  }
}
