import { argumentType } from '../arguments.ts';
import { currentScheduler } from '../scheduler/current.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { asyncDriver } from './current-task.ts';

let defaultScheduler: (() => Scheduler) | null = null;

/** Who gives the scheduler when none is running: the policy's default loop. */
export function setDefaultScheduler(provide: (() => Scheduler) | null): void {
  defaultScheduler = provide;
}

/** The scheduler of the running loop, or null: the one whose handles run, or the running async function's. */
export function runningScheduler(): Scheduler | null {
  return currentScheduler() ?? asyncDriver()?.owner.scheduler ?? null;
}

let backgroundScheduler: (() => Scheduler | null) | null = null;

/** Who gives the scheduler that runs beside ordinary Node code: the loop that was started last. */
export function setBackgroundScheduler(provide: () => Scheduler | null): void {
  backgroundScheduler = provide;
}

/** The running scheduler; in ordinary Node code, such as a signal handler, one that runs in the background; or null. */
export function anyRunningScheduler(): Scheduler | null {
  return runningScheduler() ?? backgroundScheduler?.() ?? null;
}

/** The scheduler that a flat function such as `sleep` uses: the running loop's, else the default loop's. */
export function requireScheduler(): Scheduler {
  const scheduler = runningScheduler() ?? defaultScheduler?.();
  if (scheduler === undefined) throw noRunningLoop();
  return scheduler;
}

/** What is thrown where a running loop is needed and there is none. */
export function noRunningLoop(): Error {
  return Object.assign(new Error('no running event loop'), { code: 'ERR_NO_RUNNING_LOOP' });
}

/**
 * The scheduler of what was given as a loop: an event loop, or, by the library itself, a scheduler.
 * @throws TypeError for anything else
 */
export function schedulerOf(loop: unknown): Scheduler {
  if (loop instanceof Scheduler) return loop;
  const scheduler = (loop as { scheduler?: unknown } | null | undefined)?.scheduler;
  if (!(scheduler instanceof Scheduler)) throw argumentType('loop', 'AbstractEventLoop', loop);
  return scheduler;
}
