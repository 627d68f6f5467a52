import { returnType } from '../arguments.ts';
import type { AbstractEventLoop } from '../loop/abstract-event-loop.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { AnyAwaitable } from './awaitable.ts';
import { Future } from './future.ts';
import { requireScheduler, schedulerOf } from './running-scheduler.ts';
import { Task, type TaskBody, type TaskOptions } from './task.ts';

export { requireScheduler, runningScheduler, setDefaultScheduler } from './running-scheduler.ts';

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
  const made: unknown = factory(scheduler.loop, body as TaskBody<unknown>, options ?? {});
  if (made instanceof Task) return made;
  throw returnType('The task factory', 'a Task', made);
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
 * everything else as a new task of `loop`, by default the running one.
 * @throws Error when a future belongs to another loop
 */
export function ensureFuture<T>(
  awaitable: AnyAwaitable<T> | TaskBody<T>,
  loop?: AbstractEventLoop,
): Future<T>;
/** @internal */
export function ensureFuture<T>(awaitable: AnyAwaitable<T> | TaskBody<T>, scheduler?: Scheduler): Future<T>;
export function ensureFuture<T>(awaitable: AnyAwaitable<T> | TaskBody<T>, loop?: object): Future<T> {
  const scheduler = loop === undefined ? undefined : schedulerOf(loop);
  if (awaitable instanceof Future) {
    if (scheduler !== undefined && awaitable.scheduler !== scheduler && !awaitable.adopt(scheduler)) {
      throw new Error('The future belongs to a different event loop');
    }
    awaitable.begin();
    return awaitable;
  }
  return createTaskOn(scheduler ?? requireScheduler(), awaitable as TaskBody<T>);
}
