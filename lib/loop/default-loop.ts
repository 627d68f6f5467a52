import type { Scheduler } from '../scheduler/scheduler.ts';
import { setDefaultScheduler } from '../tasks/ensure.ts';
import type { BaseEventLoop } from './base-event-loop.ts';
import { getEventLoop } from './policy.ts';

/**
 * What `sleep`, `createTask` and the like use in ordinary Node code: the running loop, or else this thread's loop,
 * started in the background. It holds the process only while it has unfinished work.
 */
function defaultScheduler(): Scheduler {
  const loop = getEventLoop();
  if (!loop.isRunning()) void loop.runForever();
  return (loop as BaseEventLoop).scheduler;
}

setDefaultScheduler(defaultScheduler);
