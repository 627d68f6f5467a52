import type { Awaitable, Suspension } from '../tasks/awaitable.ts';

/** Something that is done already: awaiting it never waits, and making it costs next to nothing. */
class Settled<T> implements Awaitable<T> {
  constructor(
    private readonly value: T,
    private readonly error: Error | null,
  ) {}

  [Symbol.iterator](): Iterator<Suspension, T, unknown> {
    return this;
  }

  next(): IteratorResult<Suspension, T> {
    if (this.error !== null) throw this.error;
    return { done: true, value: this.value };
  }

  // biome-ignore lint/suspicious/noThenProperty: an Awaitable is a thenable
  then<R = T, E = never>(
    onFulfilled?: ((value: T) => R | PromiseLike<R>) | null,
    onRejected?: ((reason: unknown) => E | PromiseLike<E>) | null,
  ): PromiseLike<R | E> {
    const promise = this.error === null ? Promise.resolve(this.value) : Promise.reject(this.error);
    return promise.then(onFulfilled, onRejected);
  }
}

/** A write that was accepted and need not wait. */
export const settledVoid: Awaitable<void> = new Settled<void>(undefined, null);

/** A write that was refused. Nothing is reported if nobody awaits it. */
export function settledFailure(error: Error): Awaitable<void> {
  return new Settled<void>(undefined, error);
}
