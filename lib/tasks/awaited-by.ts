import type { Future } from './future.ts';

/** Who waits for a future although it is not among its waiters: a gather's outer future, a group's parent task. */
const awaiters = new WeakMap<object, Set<Future<unknown>>>();

/** `awaiter` waits for `future` by way of a construct that uses callbacks (asyncio: `future_add_to_awaited_by`). */
export function addAwaiter(future: Future<unknown>, awaiter: Future<unknown>): void {
  const present = awaiters.get(future);
  if (present === undefined) awaiters.set(future, new Set([awaiter]));
  else present.add(awaiter);
}

export function removeAwaiter(future: Future<unknown>, awaiter: Future<unknown>): void {
  awaiters.get(future)?.delete(awaiter);
}

/** Those who wait for `future` in that way. */
export function listAwaiters(future: Future<unknown>): readonly Future<unknown>[] {
  return [...(awaiters.get(future) ?? [])];
}
