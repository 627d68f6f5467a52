import type { Scheduler } from './scheduler.ts';

/** Who is running on this thread right now. A property is faster to write than a module's binding is to reach. */
const running: { scheduler: Scheduler | null } = { scheduler: null };

/** The scheduler whose handles are running right now, or null outside a turn. */
export function currentScheduler(): Scheduler | null {
  return running.scheduler;
}

/** @internal Makes `scheduler` current; returns the one that was, to be restored. */
export function enterScheduler(scheduler: Scheduler | null): Scheduler | null {
  const previous = running.scheduler;
  running.scheduler = scheduler;
  return previous;
}
