import type { Awaitable, Suspension } from '../tasks/awaitable.ts';

/** A promise that can be `yield*`-ed, too. */
function alsoIterable<T>(promise: Promise<T>, next: () => IteratorResult<Suspension, T>): Awaitable<T> {
  return Object.assign(promise, { [Symbol.iterator]: () => ({ next }) });
}

/**
 * A write that was accepted and need not wait. It is a native promise because awaiting one costs a third of what
 * awaiting any other thenable does.
 */
export const settledVoid: Awaitable<void> = alsoIterable(Promise.resolve(), () => ({
  done: true,
  value: undefined,
}));

/** A write that was refused. Nothing is reported if nobody awaits it. */
export function settledFailure(error: Error): Awaitable<void> {
  const promise = Promise.reject(error);
  promise.catch(() => {});
  return alsoIterable<void>(promise, () => {
    throw error;
  });
}
