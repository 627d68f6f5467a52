import { currentScheduler } from '../scheduler/current.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { currentTask } from '../tasks/current-task.ts';
import { setBackgroundScheduler } from '../tasks/running-scheduler.ts';
import type { AbstractEventLoop } from './abstract-event-loop.ts';

/** Loops of this thread that run, in the order in which they were started. */
const running: AbstractEventLoop[] = [];

setBackgroundScheduler(
  () => (running[running.length - 1] as { scheduler?: Scheduler } | undefined)?.scheduler ?? null,
);

export function loopStarted(loop: AbstractEventLoop): void {
  running.push(loop);
}

export function loopStopped(loop: AbstractEventLoop): void {
  const at = running.lastIndexOf(loop);
  if (at >= 0) running.splice(at, 1);
}

const runnersLoops = new WeakSet<object>();

/** `loop` belongs to a `Runner`: nobody else starts it. */
export function leaveToRunner(loop: AbstractEventLoop): void {
  runnersLoops.add(loop);
}

export function isRunnersLoop(loop: AbstractEventLoop): boolean {
  return runnersLoops.has(loop);
}

/** The loop of the code at hand, see `getRunningLoop`; null when none runs. */
export function runningLoop(): AbstractEventLoop | null {
  return dispatchingLoop() ?? running[running.length - 1] ?? null;
}

/** The loop of the current task or callback; null in ordinary Node code. */
export function dispatchingLoop(): AbstractEventLoop | null {
  const scheduler = currentScheduler() ?? currentTask()?.scheduler;
  return (scheduler?.loop as AbstractEventLoop | undefined) ?? null;
}
