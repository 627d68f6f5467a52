import type { Awaitable, Body } from '../tasks/awaitable.ts';
import { BlockingOperation } from './blocking-operation.ts';
import { Guard, runGuarded } from './guard.ts';
import { LoopBound } from './loop-bound.ts';
import { Place, WaitingLine } from './place.ts';

/**
 * Mutual exclusion between tasks, fair: who asks first gets it first. Semantics of `asyncio.Lock`.
 *
 * ```ts
 * using _ = yield* lock.acquire();   // or: await lock.acquire()
 * // ... nobody else is here until the block ends
 * ```
 */
export class Lock extends LoopBound {
  #locked = false;
  readonly #line = new WaitingLine();

  /** Whether somebody holds the lock. */
  locked(): boolean {
    return this.#locked;
  }

  /**
   * Waits until the lock is free and takes it. Does not suspend when it is free and nobody queues for it.
   * @returns a guard that releases the lock when disposed; may be ignored by callers who call `release()`
   * @throws CancelledError when the task is cancelled while waiting; the lock then isn't held
   */
  acquire(): Awaitable<Guard> {
    return new Acquire(this);
  }

  /**
   * Runs `body`, of either kind of function, as part of the calling task while it has the lock: for those whose
   * JavaScript has no `using`.
   */
  with<T>(body: Body<[], T>): Awaitable<T> {
    return runGuarded(this, body);
  }

  /**
   * Lets go of the lock and wakes the first in line, which takes it when it runs: until then the lock is free but can't
   * be taken by others. Any task may release, as in asyncio.
   * @throws Error when the lock isn't held
   */
  release(): void {
    if (!this.#locked) throw new Error('Lock is not acquired.');
    this.#locked = false;
    if (this.#line.length > 0) this.#wakeFirst();
  }

  /** @internal Takes the lock if that doesn't jump the queue, else gives a place in it. */
  takeOrWait(): Place | null {
    if (!this.#locked && (this.#line.length === 0 || !this.#line.hasInterested())) {
      this.#locked = true;
      return null;
    }
    const place = new Place(this.bindToLoop(), this, 'acquire');
    this.#line.join(place);
    return place;
  }

  /** @internal The waiter that was woken runs: the lock has been kept for it. */
  takeAfterWaiting(place: Place): void {
    this.#line.leave(place);
    this.#locked = true;
  }

  /**
   * @internal A waiter gives up. If it was woken for a lock that is free, or if it stood first in line, cancelled but not
   * gone, when the lock was released, nobody else will be told: so the next is told here.
   */
  giveUpWaiting(place: Place): void {
    this.#line.leave(place);
    if (!this.#locked) this.#wakeFirst();
  }

  /**
   * Only the very first is looked at. If it is done already, it was woken and will take the lock, or was cancelled and
   * will call this again as it leaves: waking a second one would let two of them in.
   */
  #wakeFirst(): void {
    const first = this.#line.first;
    if (first !== null && !first.done()) first.wake();
  }
}

class Acquire extends BlockingOperation<Guard> {
  readonly #lock: Lock;

  constructor(lock: Lock) {
    super();
    this.#lock = lock;
  }

  protected override begin(): Place | null {
    return this.#lock.takeOrWait();
  }

  protected override woken(place: Place): null {
    this.#lock.takeAfterWaiting(place);
    return null;
  }

  protected override interrupted(place: Place): void {
    this.#lock.giveUpWaiting(place);
  }

  protected override finish(): Guard {
    return new Guard(this.#lock);
  }
}
