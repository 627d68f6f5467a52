import { checkOptions } from '../arguments.ts';
import type { Coroutine } from '../tasks/awaitable.ts';
import { describeWaiting } from '../tasks/call-graph.ts';
import type { Task, TaskBody } from '../tasks/task.ts';
import { DeadlockError } from './deadlock-error.ts';
import { VirtualClock } from './virtual-clock.ts';
import { VirtualEventLoop } from './virtual-event-loop.ts';

/** How often tasks may wait on after having been cancelled because of a deadlock. */
const idlesAtMost = 100;

/** What `runVirtual` can be told. */
export interface RunVirtualOptions {
  /** The clock to run on; a new one by default. */
  clock?: VirtualClock;
}

/**
 * Runs `main` to its end on a virtual clock and gives its result. Tasks that are left over then are cancelled, as
 * asyncio's `run` does. Works in any test runner; fake timers of the runner don't matter.
 *
 * @throws (rejects with) what `main` throws; DeadlockError when nothing could ever happen again: all tasks are
 * cancelled then, and the error tells what each was waiting for
 */
export async function runVirtual<T>(main: TaskBody<T>, options: RunVirtualOptions = {}): Promise<T> {
  checkOptions('options', options);
  const clock = options.clock ?? new VirtualClock();
  const loop = new VirtualEventLoop(clock);
  const unfinished = () => [...loop.scheduler.alive] as Task<unknown>[];
  let deadlock: DeadlockError | null = null;
  let idles = 0;
  const previousOnIdle = clock.onIdle;
  clock.onIdle = () => {
    const tasks = unfinished();
    const outside = loop.scheduler.promises > 0 || tasks.some((task) => task.awaiting.length === 0);
    deadlock ??= new DeadlockError(tasks.map(describeWaiting), outside);
    if (++idles > idlesAtMost) loop.stop();
    for (const task of tasks) task.cancel();
  };
  try {
    const task = loop.createTask(main);
    const outcome = await settle(() => loop.runUntilComplete(task));
    if (deadlock !== null && idles > idlesAtMost) throw deadlock;
    const left = unfinished();
    for (const leftover of left) leftover.cancel();
    if (left.length > 0) await settle(() => loop.runUntilComplete(waitForAll(left)));
    for (const leftover of left) {
      if (!leftover.done()) continue; // stuck even now: that is told below
      const failure = leftover.cancelled() ? null : leftover.takeFailure();
      if (failure === null) continue;
      loop.callExceptionHandler({
        message: 'a task failed when it was cancelled at the end',
        exception: failure.error,
      });
    }
    if (deadlock !== null) throw deadlock;
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  } finally {
    clock.onIdle = previousOnIdle;
    loop.close();
  }
}

async function settle<T>(run: () => Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await run() };
  } catch (error) {
    return { error };
  }
}

function* waitForAll(tasks: readonly Task<unknown>[]): Coroutine<void> {
  for (const task of tasks) {
    try {
      yield* task;
    } catch {
      // The caller looks at it.
    }
  }
}
