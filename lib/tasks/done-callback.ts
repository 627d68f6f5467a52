import { DoneCallback, type Future } from './future.ts';

/**
 * Internal callbacks of combinators: they run like any done callback, but take no copy of a context.
 * Returns a function that takes the registration back and tells whether it was still there.
 */
export function whenDone<T>(future: Future<T>, callback: (future: Future<T>) => void): () => boolean {
  const registration = new DoneCallback(
    future as Future<unknown>,
    callback as (future: Future<unknown>) => unknown,
    null,
  );
  future.addWaiter(registration);
  return () => future.removeWaiters((waiter) => waiter === registration) > 0;
}
