import type { Awaitable, Body } from '../tasks/awaitable.ts';
import { runBody } from '../tasks/body.ts';
import { coroutine } from '../tasks/coroutine.ts';

/** What a guard gives back: anything with asyncio's `release()`. */
export interface Releasable {
  release(): void;
}

/**
 * What `acquire()` of a lock, a semaphore or a condition gives: releases once when disposed, so that
 * `using _ = yield* lock.acquire()` covers the rest of the block. Callers who prefer to pair `acquire()` with
 * `release()`, as in asyncio, just ignore it.
 */
export class Guard implements Disposable {
  #owner: Releasable | null;

  constructor(owner: Releasable) {
    this.#owner = owner;
  }

  /** Releases what was acquired; further calls do nothing. */
  [Symbol.dispose](): void {
    const owner = this.#owner;
    if (owner === null) return;
    this.#owner = null;
    owner.release();
  }
}

/** Runs `body` between `acquire()` and `release()`. */
export const runGuarded = coroutine(function* <T>(owner: { acquire(): Awaitable<Guard> }, body: Body<[], T>) {
  const guard = yield* owner.acquire();
  try {
    return yield* runBody(body);
  } finally {
    guard[Symbol.dispose]();
  }
}) as <T>(owner: { acquire(): Awaitable<Guard> }, body: Body<[], T>) => Awaitable<T>;
