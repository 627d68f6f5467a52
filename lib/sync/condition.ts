import { argumentType, checkFunction, checkLimit } from '../arguments.ts';
import type { Awaitable, Body, Coroutine } from '../tasks/awaitable.ts';
import { coroutine } from '../tasks/coroutine.ts';
import { currentDriver } from '../tasks/current-task.ts';
import { CancelledError } from '../tasks/errors.ts';
import { type Guard, runGuarded } from './guard.ts';
import { Lock } from './lock.ts';
import { LoopBound } from './loop-bound.ts';
import { Place, WaitingLine } from './place.ts';

/**
 * A lock together with a line of tasks that wait, without the lock, until the one who holds it tells them that what it
 * protects has changed. Semantics of `asyncio.Condition` since Python 3.13.
 *
 * ```ts
 * using _ = yield* condition.acquire();
 * yield* condition.waitFor(() => jobs.length > 0);
 * ```
 */
export class Condition extends LoopBound {
  readonly #lock: Lock;
  readonly #line = new WaitingLine();

  /** @param lock the lock to use, so that several conditions can share one; a new one by default */
  constructor(lock: Lock = new Lock()) {
    super();
    if (!(lock instanceof Lock)) throw argumentType('lock', 'Lock', lock);
    this.#lock = lock;
  }

  /** Whether somebody holds the lock. */
  locked(): boolean {
    return this.#lock.locked();
  }

  /** Takes the lock, see {@link Lock.acquire}. */
  acquire(): Awaitable<Guard> {
    return this.#lock.acquire();
  }

  /**
   * Runs `body`, of either kind of function, as part of the calling task while it has the lock: for those whose
   * JavaScript has no `using`.
   */
  with<T>(body: Body<[], T>): Awaitable<T> {
    return runGuarded(this, body);
  }

  /** Lets go of the lock, see {@link Lock.release}. */
  release(): void {
    this.#lock.release();
  }

  /**
   * Releases the lock, waits for a notification and takes the lock again; the caller holds it afterwards in any case,
   * also when this throws. Wake-ups without a cause are possible, so look again at what was waited for, or use
   * {@link waitFor}.
   * @throws Error when the lock isn't held
   * @throws CancelledError when the task is cancelled, after the lock was taken again, however long that takes
   */
  wait(): Awaitable<true> {
    return Condition.#wait(this);
  }

  /** Waits until `predicate` returns something truthy, and returns that. Looks first: it need not wait at all. */
  waitFor<T>(predicate: () => T): Awaitable<T> {
    checkFunction('predicate', predicate);
    return Condition.#waitFor(this, predicate) as Awaitable<T>;
  }

  /**
   * Wakes up to `count` of those who wait, in order of arrival. They go on when they get the lock, so not before the
   * caller releases it.
   * @throws Error when the lock isn't held
   */
  notify(count = 1): void {
    checkLimit('count', count, 0);
    if (!this.#lock.locked()) throw new Error('cannot notify on un-acquired lock');
    for (let woken = 0; woken < count && this.#line.wakeFirst(); woken += 1);
  }

  /** Wakes all who wait. */
  notifyAll(): void {
    this.notify(Infinity);
  }

  static readonly #wait = coroutine(function* (condition: Condition): Coroutine<true> {
    const lock = condition.#lock;
    const line = condition.#line;
    if (!lock.locked()) throw new Error('cannot wait on un-acquired lock');
    const place = new Place(condition.bindToLoop(), condition, 'wait');
    lock.release();
    let completed = false;
    try {
      line.join(place);
      try {
        yield* place;
      } finally {
        line.leave(place);
        yield* reacquire(lock);
      }
      completed = true;
      return true;
    } finally {
      // This waiter may have been notified before it failed, and whoever notified it counts on somebody acting. So the
      // notification goes to the next; should there have been none, that one wakes up without a cause, which the
      // protocol of conditions permits. It goes on when it gets the lock, which is held here.
      if (!completed) line.wakeFirst();
    }
  });

  static readonly #waitFor = coroutine(function* (
    condition: Condition,
    predicate: () => unknown,
  ): Coroutine<unknown> {
    for (;;) {
      const result = predicate();
      if (result) return result;
      yield* Condition.#wait(condition);
    }
  });
}

/**
 * Every caller of `wait` relies on holding the lock afterwards. So a cancellation is kept until it is held, and a
 * cancelled scope, which would cancel every further attempt at once and for ever, has to wait.
 */
function* reacquire(lock: Lock): Coroutine<void> {
  const shielded = currentDriver()?.rare();
  let cancellation: CancelledError | null = null;
  if (shielded !== undefined) shielded.scopeShields += 1;
  try {
    for (;;) {
      try {
        yield* lock.acquire();
        break;
      } catch (error) {
        if (!(error instanceof CancelledError)) throw error;
        cancellation = error;
      }
    }
  } finally {
    if (shielded !== undefined) shielded.scopeShields -= 1;
  }
  // The latest one is what the caller sees: it replaces the one that interrupted the waiting, if there was one.
  if (cancellation !== null) throw cancellation;
}
