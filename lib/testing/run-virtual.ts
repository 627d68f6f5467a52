import { Scheduler } from '../scheduler/scheduler.ts';
import { describeWaiting } from '../tasks/call-graph.ts';
import { createTaskOn } from '../tasks/ensure.ts';
import type { Task, TaskBody } from '../tasks/task.ts';
import { DeadlockError } from './deadlock-error.ts';
import { VirtualClock } from './virtual-clock.ts';
import { VirtualPoller } from './virtual-poller.ts';

export interface RunVirtualOptions {
  /** The clock to run on; a new one by default. */
  clock?: VirtualClock;
}

/**
 * Runs `main` to its end on a virtual clock and gives its result. Tasks that are left over then are cancelled, as
 * asyncio's `run` does. Works in any test runner; fake timers of the runner don't matter.
 *
 * @throws (rejects with) DeadlockError when nothing could ever happen again; the tasks are cancelled first
 */
export async function runVirtual<T>(main: TaskBody<T>, options: RunVirtualOptions = {}): Promise<T> {
  const clock = options.clock ?? new VirtualClock();
  const poller = new VirtualPoller(clock);
  const scheduler = new Scheduler(poller);
  poller.attach(scheduler);
  let deadlock: DeadlockError | null = null;
  const previousOnIdle = clock.onIdle;
  clock.onIdle = () => {
    const tasks = [...scheduler.alive] as Task<unknown>[];
    if (deadlock !== null && tasks.length === 0) return;
    deadlock ??= new DeadlockError(tasks.map(describeWaiting));
    for (const task of tasks) task.cancel();
  };
  try {
    const task = createTaskOn(scheduler, main);
    await runUntilDone(scheduler, [task as Task<unknown>]);
    const left = [...scheduler.alive] as Task<unknown>[];
    for (const leftover of left) leftover.cancel();
    if (left.length > 0) await runUntilDone(scheduler, left);
    if (deadlock !== null) {
      if (!task.cancelled()) task.exception();
      throw deadlock;
    }
    return task.result();
  } finally {
    clock.onIdle = previousOnIdle;
    scheduler.close();
  }
}

function runUntilDone(scheduler: Scheduler, tasks: readonly Task<unknown>[]): Promise<void> {
  return new Promise((resolve) => {
    let unfinished = tasks.length;
    for (const task of tasks) {
      task.addDoneCallback(() => {
        if (--unfinished === 0) scheduler.stop();
      });
    }
    scheduler.start(resolve);
  });
}
