import { argumentType, checkOptions, hasMethods, returnType } from '../arguments.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { anySignal } from './abort-listeners.ts';
import { isThenable } from './awaitable.ts';
import { requireScheduler } from './ensure.ts';
import type { Future } from './future.ts';
import { wrapPromise } from './wrap-promise.ts';

/** Who does work in other threads: a `Piscina`, or anything with such a `run`. */
export interface Executor {
  /** Does the work; the signal is aborted when nobody waits for it any more. */
  run(task: unknown, options?: { signal?: AbortSignal }): PromiseLike<unknown>;
  /** Ends the threads (piscina's name); called when the loop shuts its default executor down. */
  destroy?(): PromiseLike<void> | void;
}

const defaults = new WeakMap<Scheduler, Executor>();

/** The executor that `toThread` uses on this scheduler; null: none. */
export function setDefaultExecutor(scheduler: Scheduler, executor: Executor | null): void {
  if (executor !== null) checkExecutor(executor);
  if (executor === null) defaults.delete(scheduler);
  else defaults.set(scheduler, executor);
}

export function getDefaultExecutor(scheduler: Scheduler): Executor | null {
  return defaults.get(scheduler) ?? null;
}

/**
 * Gives `task` to `executor` (null: the loop's default) and gives a future for the result. Further options, such as
 * piscina's `name` and `transferList`, are passed on.
 *
 * Cancelling the future aborts the signal that the executor is given. piscina then drops a task that waits, and
 * terminates the thread of one that runs; an executor that ignores the signal works on, and its result is dropped. A
 * `signal` among the options aborts it as well.
 * @throws Error when there is no executor
 */
export function runInExecutor<T>(
  scheduler: Scheduler,
  executor: Executor | null,
  task: unknown,
  options: Record<string, unknown> = {},
): Future<T> {
  const chosen = executor ?? getDefaultExecutor(scheduler);
  if (chosen === null) {
    throw new Error(
      'There is no default executor: give the loop one with setDefaultExecutor, for instance a Piscina',
    );
  }
  checkExecutor(chosen);
  checkOptions('options', options);
  const { signal: own } = options;
  if (own !== undefined && !(own instanceof AbortSignal))
    throw argumentType('options.signal', 'AbortSignal', own);
  return wrapPromise((cancelled) => {
    if (own === undefined) return runOn<T>(chosen, task, { ...options, signal: cancelled });
    const { signal, release } = anySignal([own, cancelled]);
    try {
      const made = runOn<T>(chosen, task, { ...options, signal });
      made.then(release, release);
      return made;
    } catch (error) {
      release();
      throw error;
    }
  }, scheduler);
}

function runOn<T>(executor: Executor, task: unknown, options: { signal: AbortSignal }): PromiseLike<T> {
  const made: unknown = executor.run(task, options);
  if (isThenable(made)) return made as PromiseLike<T>;
  throw returnType("The executor's run", 'a Promise', made);
}

function checkExecutor(executor: unknown): void {
  if (!hasMethods(executor, 'run')) throw argumentType('executor', 'object with a run method', executor);
}

/** Runs `task` on the running loop's default executor (asyncio: `to_thread`). See `loop.runInExecutor`. */
export function toThread<T>(task: unknown, options?: Record<string, unknown>): Future<T> {
  return runInExecutor<T>(requireScheduler(), null, task, options);
}
