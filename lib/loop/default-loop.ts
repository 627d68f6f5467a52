import type { Scheduler } from '../scheduler/scheduler.ts';
import { setDefaultScheduler } from '../tasks/ensure.ts';
import type { BaseEventLoop } from './base-event-loop.ts';
import { getEventLoop } from './policy.ts';
import { isRunnersLoop } from './running-loop.ts';

/**
 * What `sleep`, `createTask` and the like use in ordinary Node code: the running loop, or else this thread's loop,
 * which then starts in the background as soon as it has work. It holds the process only while it has some.
 */
function defaultScheduler(): Scheduler {
  const loop = getEventLoop() as BaseEventLoop;
  const { scheduler } = loop;
  if (!loop.isRunning() && !isRunnersLoop(loop)) scheduler.onWorkWhileStopped ??= () => startSoon(loop);
  return scheduler;
}

/** Later in the same tick, because the caller may be about to run the loop himself. */
function startSoon(loop: BaseEventLoop): void {
  const { scheduler } = loop;
  scheduler.onWorkWhileStopped = null;
  queueMicrotask(() => {
    if (!loop.isRunning() && !loop.isClosed() && !isRunnersLoop(loop)) void loop.runForever();
  });
}

setDefaultScheduler(defaultScheduler);
