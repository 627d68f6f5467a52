import { Future } from '../tasks/future.ts';

/** One task's place in a line. It carries no value: whoever is woken looks at the primitive's state for himself. */
export class Waiter extends Future<void> {
  /** @internal */ line: WaitingLine | null = null;
  /** @internal */ ahead: Waiter | null = null;
  /** @internal */ behind: Waiter | null = null;

  /** Lets the waiting task go on, in the next pass. The caller has made sure that nobody has done so before. */
  wake(): void {
    this.setResult(undefined);
  }
}

/**
 * Waiters in order of arrival, as a list linked through themselves: leaving from the middle, which is what a cancelled
 * waiter does, takes constant time however long the line is.
 */
export class WaitingLine {
  #first: Waiter | null = null;
  #last: Waiter | null = null;
  #length = 0;

  get first(): Waiter | null {
    return this.#first;
  }

  get length(): number {
    return this.#length;
  }

  join(waiter: Waiter): void {
    waiter.line = this;
    waiter.ahead = this.#last;
    if (this.#last === null) this.#first = waiter;
    else this.#last.behind = waiter;
    this.#last = waiter;
    this.#length += 1;
  }

  /** Takes a waiter out of the line; one that isn't in it, because it was woken from there, stays as it is. */
  leave(waiter: Waiter): void {
    if (waiter.line !== this) return;
    const { ahead, behind } = waiter;
    if (ahead === null) this.#first = behind;
    else ahead.behind = behind;
    if (behind === null) this.#last = ahead;
    else behind.ahead = ahead;
    waiter.line = waiter.ahead = waiter.behind = null;
    this.#length -= 1;
  }

  /**
   * Takes the first waiter that is still waiting out of the line and wakes it. Cancelled ones ahead of it leave with
   * it: they only wait for their task to notice.
   * @returns whether there was one
   */
  wakeFirst(): boolean {
    for (let waiter = this.#first; waiter !== null; waiter = this.#first) {
      this.leave(waiter);
      if (!waiter.done()) {
        waiter.wake();
        return true;
      }
    }
    return false;
  }

  wakeAll(): void {
    while (this.wakeFirst());
  }

  /** Whether anybody in the line still wants what he waits for, that is, whether not all have been cancelled. */
  hasInterested(): boolean {
    for (let waiter = this.#first; waiter !== null; waiter = waiter.behind) {
      if (!waiter.cancelled()) return true;
    }
    return false;
  }
}
