import { checkCount } from '../arguments.ts';
import type { Awaitable, Coroutine } from '../tasks/awaitable.ts';
import { coroutine } from '../tasks/coroutine.ts';
import { BrokenBarrierError } from '../tasks/errors.ts';
import { Condition } from './condition.ts';

/**
 * - `filling`: tasks arrive and wait for the rest.
 * - `draining`: the last one came; those of this round leave. Newcomers belong to the next round and wait outside, or
 *   they would be counted among those who still have to leave.
 * - `resetting`: like draining, but those inside leave with an error.
 * - `broken`: everybody leaves with an error, newcomers at once.
 */
type State = 'filling' | 'draining' | 'resetting' | 'broken';

/**
 * A point where a fixed number of tasks wait for each other, again and again. Semantics of `asyncio.Barrier`.
 *
 * ```ts
 * const index = yield* barrier.wait();   // everybody is here now; 0, 1, ... in order of arrival
 * ```
 */
export class Barrier {
  readonly #parties: number;
  readonly #changed = new Condition();
  #state: State = 'filling';
  /** Tasks inside: those that wait, and while draining those that haven't left yet. */
  #inside = 0;

  /**
   * @param parties how many tasks have to arrive
   * @throws RangeError or TypeError when it is no whole number from 1 on
   */
  constructor(parties: number) {
    checkCount('parties', parties, 1);
    this.#parties = parties;
  }

  /** How many tasks have to arrive. */
  get parties(): number {
    return this.#parties;
  }

  /** How many have arrived in this round and wait. */
  get nWaiting(): number {
    return this.#state === 'filling' ? this.#inside : 0;
  }

  /** Whether `abort()` was called, without a `reset()` since. */
  get broken(): boolean {
    return this.#state === 'broken';
  }

  /**
   * Waits until all parties have arrived. The last one does not suspend. A waiter that is cancelled leaves, and the
   * barrier then waits for another in its place.
   * @returns a number from 0 to `parties - 1`, different for each of the round: 0 could for instance report
   * @throws BrokenBarrierError when the barrier is or becomes broken, or is reset
   */
  wait(): Awaitable<number> {
    return Barrier.#wait(this);
  }

  /** Starts afresh: those who wait get a BrokenBarrierError, and a broken barrier works again. */
  reset(): Awaitable<void> {
    return Barrier.#reset(this);
  }

  /** Breaks the barrier: those who wait, and all who come later, get a BrokenBarrierError, until `reset()`. */
  abort(): Awaitable<void> {
    return Barrier.#abort(this);
  }

  static readonly #wait = coroutine(function* (barrier: Barrier): Coroutine<number> {
    const changed = barrier.#changed;
    yield* changed.acquire();
    try {
      // A predicate is looked at again whenever the lock is got back, as the state may have changed meanwhile.
      yield* changed.waitFor(() => barrier.#state !== 'draining' && barrier.#state !== 'resetting');
      if (barrier.broken) throw new BrokenBarrierError('Barrier aborted');
      const index = barrier.#inside;
      barrier.#inside += 1;
      try {
        if (barrier.#inside === barrier.#parties) {
          barrier.#state = 'draining';
          changed.notifyAll();
        } else {
          yield* changed.waitFor(() => barrier.#state !== 'filling');
          // Not `draining`: the waiting ended, but not because everybody came.
          if (barrier.broken || barrier.#state === 'resetting') {
            throw new BrokenBarrierError('Abort or reset of barrier');
          }
        }
        return index;
      } finally {
        // Also on cancellation: the place is free again. `waitFor` gives the lock back in any case, so this is safe.
        barrier.#inside -= 1;
        barrier.#letNextRoundIn();
      }
    } finally {
      changed.release();
    }
  });

  static readonly #reset = coroutine(function* (barrier: Barrier): Coroutine<void> {
    using _ = yield* barrier.#changed.acquire();
    // With tasks inside, filling starts again when the last of them has left, which this wakes.
    barrier.#state = barrier.#inside > 0 ? 'resetting' : 'filling';
    barrier.#changed.notifyAll();
  });

  static readonly #abort = coroutine(function* (barrier: Barrier): Coroutine<void> {
    using _ = yield* barrier.#changed.acquire();
    barrier.#state = 'broken';
    barrier.#changed.notifyAll();
  });

  /** Called by each that leaves: after the last one, those of the next round, who wait outside, may come in. */
  #letNextRoundIn(): void {
    if (this.#inside > 0) return;
    if (this.#state === 'draining' || this.#state === 'resetting') this.#state = 'filling';
    this.#changed.notifyAll();
  }
}
