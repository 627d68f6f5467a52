import type { Scheduler } from '../scheduler/scheduler.ts';
import { Future } from '../tasks/future.ts';

/** One task's place in a line. It carries no value: whoever is woken looks at the primitive's state for himself. */
export class Place extends Future<void> {
  /** @internal */ line: object | null = null;
  /** @internal */ ahead: Place | null = null;
  /** @internal */ behind: Place | null = null;

  /**
   * @param owner the primitive on which `operation` waits
   * @param operation the name of its method
   */
  constructor(
    scheduler: Scheduler,
    readonly owner: object,
    private readonly operation: string,
  ) {
    super(scheduler);
  }

  /** @internal What a report about a stuck task says it waits for. */
  override describe(): string {
    return `${this.owner.constructor.name}.${this.operation}`;
  }

  /** Lets the waiting task go on, in the next pass. The caller has made sure that nobody has done so before. */
  wake(): void {
    this.setResult(undefined);
  }
}

/**
 * Waiters in order of arrival, as a list linked through themselves: leaving from the middle, which is what a cancelled
 * waiter does, takes constant time however long the line is.
 */
export class WaitingLine<W extends Place = Place> {
  #first: W | null = null;
  #last: W | null = null;
  #length = 0;

  get first(): W | null {
    return this.#first;
  }

  /** How many stand in the line, with those that were cancelled and whose tasks haven't noticed yet. */
  get length(): number {
    return this.#length;
  }

  join(place: W): void {
    place.line = this;
    place.ahead = this.#last;
    if (this.#last === null) this.#first = place;
    else this.#last.behind = place;
    this.#last = place;
    this.#length += 1;
  }

  /** Takes a waiter out of the line; one that isn't in it, because it was woken from there, stays as it is. */
  leave(place: W): void {
    if (place.line !== this) return;
    const ahead = place.ahead as W | null;
    const behind = place.behind as W | null;
    if (ahead === null) this.#first = behind;
    else ahead.behind = behind;
    if (behind === null) this.#last = ahead;
    else behind.ahead = ahead;
    place.line = place.ahead = place.behind = null;
    this.#length -= 1;
  }

  /**
   * Takes the first waiter that is still waiting out of the line. Cancelled ones ahead of it leave with it: all they
   * wait for is that their task notices.
   */
  takeFirst(): W | null {
    for (let place = this.#first; place !== null; place = this.#first) {
      this.leave(place);
      if (!place.done()) return place;
    }
    return null;
  }

  /** Wakes the first waiter that is still waiting, which leaves the line. Tells whether there was one. */
  wakeFirst(): boolean {
    const place = this.takeFirst();
    if (place === null) return false;
    place.wake();
    return true;
  }

  /** Wakes everybody, in order of arrival. */
  wakeAll(): void {
    while (this.wakeFirst());
  }

  /** Whether anybody in the line still wants what he waits for, that is, whether not all have been cancelled. */
  hasInterested(): boolean {
    for (let place: Place | null = this.#first; place !== null; place = place.behind) {
      if (!place.cancelled()) return true;
    }
    return false;
  }

  /** Those who still wait, in order of arrival. Taking the one just given out of the line is fine. */
  *pending(): Generator<W, void, undefined> {
    for (let place = this.#first; place !== null; ) {
      const behind = place.behind as W | null;
      if (!place.done()) yield place;
      place = behind;
    }
  }
}
