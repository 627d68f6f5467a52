import { DoneCallback, type Future } from './future.ts';

/**
 * Internal callbacks of combinators: they run like any done callback, but take no copy of a context.
 * `awaiter` is who waits by way of it: a gather's outer future, a group's parent task (asyncio:
 * `future_add_to_awaited_by`). Returns a function that takes the registration back and tells whether it was still there.
 */
export function whenDone<T>(
  future: Future<T>,
  callback: (future: Future<T>) => void,
  awaiter: Future<unknown> | null = null,
): () => boolean {
  const registration = new DoneCallback(
    future as Future<unknown>,
    callback as (future: Future<unknown>) => unknown,
    null,
    awaiter,
  );
  future.addWaiter(registration);
  return () => future.removeWaiters((waiter) => waiter === registration) > 0;
}
