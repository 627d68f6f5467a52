import { checkLimit } from '../arguments.ts';
import type { Awaitable, Body } from '../tasks/awaitable.ts';
import { BlockingOperation } from './blocking-operation.ts';
import { Guard, runGuarded } from './guard.ts';
import { LoopBound } from './loop-bound.ts';
import { Place, WaitingLine } from './place.ts';

/**
 * A number of permits, given out in order of arrival. Semantics of `asyncio.Semaphore` since Python 3.13.
 *
 * ```ts
 * const atOnce = new Semaphore(10);
 * using _ = yield* atOnce.acquire();
 * ```
 */
export class Semaphore extends LoopBound {
  #permits: number;
  readonly #line = new WaitingLine();
  /** How many have been given their permit but haven't run since: while there are any, newcomers queue behind them. */
  #beingServed = 0;

  /**
   * @param permits how many may be held at once
   * @throws RangeError or TypeError when it is neither a whole number from 0 on nor Infinity
   */
  constructor(permits = 1) {
    super();
    checkLimit('permits', permits, 0);
    this.#permits = permits;
  }

  /** Permits that nobody holds. */
  get value(): number {
    return this.#permits;
  }

  /** Whether `acquire()` would have to wait: no permit is left, or others queue for those that are. */
  locked(): boolean {
    return this.#permits === 0 || this.#beingServed > 0 || this.#line.hasInterested();
  }

  /**
   * Waits for a permit. Does not suspend when one is left and nobody queues.
   * @returns a guard that releases the permit when disposed; may be ignored by callers who call `release()`
   * @throws CancelledError when the task is cancelled while waiting; no permit is then held
   */
  acquire(): Awaitable<Guard> {
    return new Acquire(this);
  }

  /**
   * Runs `body`, of either kind of function, as part of the calling task while it has a permit: for those whose
   * JavaScript has no `using`.
   */
  with<T>(body: Body<[], T>): Awaitable<T> {
    return runGuarded(this, body);
  }

  /** Gives a permit back, or adds one, and hands it to the first in line. */
  release(): void {
    this.#permits += 1;
    if (this.#line.length > 0) this.#serveNext();
  }

  /** @internal */
  takeOrWait(): Place | null {
    if (!this.locked()) {
      this.#permits -= 1;
      return null;
    }
    const place = new Place(this.bindToLoop(), this, 'acquire');
    this.#line.join(place);
    return place;
  }

  /** @internal The waiter that was woken runs; its permit was set aside when it was woken. */
  takeAfterWaiting(): void {
    this.#beingServed -= 1;
    this.#serveAll();
  }

  /** @internal A waiter gives up: a permit that was set aside for it goes back first. */
  giveUpWaiting(place: Place): void {
    this.#line.leave(place);
    if (place.done() && !place.cancelled()) {
      this.#beingServed -= 1;
      this.#permits += 1;
    }
    this.#serveAll();
  }

  /**
   * Newcomers had to queue while somebody was being served, even with permits left, and no `release()` may follow that
   * would wake them: so whoever leaves the line serves as many as there are permits for.
   */
  #serveAll(): void {
    while (this.#permits > 0 && this.#serveNext());
  }

  #serveNext(): boolean {
    if (!this.#line.wakeFirst()) return false;
    this.#permits -= 1;
    this.#beingServed += 1;
    return true;
  }
}

/**
 * A semaphore that notices when more permits are given back than were ever handed out. Semantics of
 * `asyncio.BoundedSemaphore`.
 */
export class BoundedSemaphore extends Semaphore {
  readonly #bound: number;

  constructor(permits = 1) {
    super(permits);
    this.#bound = permits;
  }

  /** @throws RangeError when all permits are there already */
  override release(): void {
    if (this.value >= this.#bound) throw new RangeError('BoundedSemaphore released too many times');
    super.release();
  }
}

class Acquire extends BlockingOperation<Guard> {
  readonly #semaphore: Semaphore;

  constructor(semaphore: Semaphore) {
    super();
    this.#semaphore = semaphore;
  }

  protected override begin(): Place | null {
    return this.#semaphore.takeOrWait();
  }

  protected override woken(): null {
    this.#semaphore.takeAfterWaiting();
    return null;
  }

  protected override interrupted(place: Place): void {
    this.#semaphore.giveUpWaiting(place);
  }

  protected override finish(): Guard {
    return new Guard(this.#semaphore);
  }
}
