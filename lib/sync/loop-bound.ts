import type { Scheduler } from '../scheduler/scheduler.ts';
import { requireScheduler } from '../tasks/ensure.ts';

/**
 * What every primitive has in common: it belongs to the loop on which somebody first had to wait for it. Creating one
 * and using it without waiting binds it to nothing, so primitives may be created before any loop runs (as in asyncio).
 */
export abstract class LoopBound {
  #scheduler: Scheduler | null = null;

  /**
   * The running loop's scheduler, for a caller who is about to wait.
   * @throws Error when somebody has waited here on another loop before
   * @internal
   */
  protected bindToLoop(): Scheduler {
    const scheduler = requireScheduler();
    if (this.#scheduler === null) this.#scheduler = scheduler;
    else if (this.#scheduler !== scheduler) {
      throw new Error(`${this.constructor.name} is bound to a different event loop`);
    }
    return scheduler;
  }
}
