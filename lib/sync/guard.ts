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
