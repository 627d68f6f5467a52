import { currentScheduler } from '../scheduler/current.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { AnyAwaitable } from './awaitable.ts';
import { asyncTask } from './current-task.ts';
import { Future } from './future.ts';
import { Task, type TaskBody, type TaskOptions } from './task.ts';

let defaultScheduler: (() => Scheduler) | null = null;

/** Who gives the scheduler when none is running: the policy's default loop. */
export function setDefaultScheduler(provide: (() => Scheduler) | null): void {
  defaultScheduler = provide;
}

/** The scheduler of the running loop, or null: the one whose handles run, or the running async function's. */
export function runningScheduler(): Scheduler | null {
  return currentScheduler() ?? asyncTask()?.scheduler ?? null;
}

/** The scheduler that a flat function such as `sleep` uses: the running loop's, else the default loop's. */
export function requireScheduler(): Scheduler {
  const scheduler = runningScheduler() ?? defaultScheduler?.();
  if (scheduler === undefined) throw new Error('No running event loop');
  return scheduler;
}

/** What makes a loop's tasks, if something other than `new Task` (asyncio: a task factory). */
export type TaskFactory = (loop: unknown, body: TaskBody<unknown>, options: TaskOptions) => Task<unknown>;

const factories = new WeakMap<Scheduler, TaskFactory>();

export function setTaskFactory(scheduler: Scheduler, factory: TaskFactory | null): void {
  if (factory === null) factories.delete(scheduler);
  else factories.set(scheduler, factory);
}

export function getTaskFactory(scheduler: Scheduler): TaskFactory | null {
  return factories.get(scheduler) ?? null;
}

/** Makes a task on `scheduler`, with the loop's task factory if it has one. */
export function createTaskOn<T>(scheduler: Scheduler, body: TaskBody<T>, options?: TaskOptions): Task<T> {
  const factory = factories.get(scheduler);
  if (factory === undefined) return new Task(scheduler, body, options);
  return factory(scheduler.loop, body as TaskBody<unknown>, options ?? {}) as Task<T>;
}

/**
 * Runs `body` as a task of the running loop, else of the default loop, which then starts in the background (asyncio:
 * `create_task`). The first step runs in the next pass.
 * @throws Error when the loop is closed
 */
export function createTask<T>(body: TaskBody<T>, options?: TaskOptions): Task<T> {
  return createTaskOn(requireScheduler(), body, options);
}

/**
 * A future for anything awaitable (asyncio: `ensure_future`): futures and tasks as they are, begun if they are lazy;
 * everything else as a new task.
 */
export function ensureFuture<T>(awaitable: AnyAwaitable<T> | TaskBody<T>, scheduler?: Scheduler): Future<T> {
  if (awaitable instanceof Future) {
    if (scheduler !== undefined && awaitable.scheduler !== scheduler && !awaitable.adopt(scheduler)) {
      throw new Error('The future belongs to a different event loop');
    }
    awaitable.begin();
    return awaitable;
  }
  return createTaskOn(scheduler ?? requireScheduler(), awaitable as TaskBody<T>);
}
