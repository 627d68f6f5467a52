import type { Awaitable } from '../tasks/awaitable.ts';
import { BlockingOperation } from './blocking-operation.ts';
import { LoopBound } from './loop-bound.ts';
import { Place, WaitingLine } from './place.ts';

/**
 * A flag that tasks can wait for. Semantics of `asyncio.Event`. Shadows the DOM's `Event` where imported by that name.
 */
export class Event extends LoopBound {
  #set = false;
  readonly #line = new WaitingLine();

  /** Whether the flag is set. */
  isSet(): boolean {
    return this.#set;
  }

  /** Sets the flag and wakes all who wait, in order of arrival. They go on even if `clear()` is called before they run. */
  set(): void {
    if (this.#set) return;
    this.#set = true;
    this.#line.wakeAll();
  }

  /** Clears the flag: from now on `wait()` waits for the next `set()`. */
  clear(): void {
    this.#set = false;
  }

  /** Waits until the flag is set. Does not suspend when it is. */
  wait(): Awaitable<true> {
    return new Wait(this);
  }

  /** @internal */
  passOrWait(): Place | null {
    if (this.#set) return null;
    const place = new Place(this.bindToLoop(), this, 'wait');
    this.#line.join(place);
    return place;
  }

  /** @internal */
  giveUpWaiting(place: Place): void {
    this.#line.leave(place);
  }
}

class Wait extends BlockingOperation<true> {
  readonly #event: Event;

  constructor(event: Event) {
    super();
    this.#event = event;
  }

  protected override begin(): Place | null {
    return this.#event.passOrWait();
  }

  protected override interrupted(place: Place): void {
    this.#event.giveUpWaiting(place);
  }

  protected override finish(): true {
    return true;
  }
}
