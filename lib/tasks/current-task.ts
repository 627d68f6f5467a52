import { AsyncLocalStorage } from 'node:async_hooks';
import { callbackHook } from '../scheduler/handle.ts';
import type { Task } from './task.ts';

/** The task whose step is on the stack. */
const stepping: { task: Task<unknown> | null } = { task: null };

/** Which task an async function belongs to. Made when the first async task is: it slows every promise down a little. */
let storage: AsyncLocalStorage<Task<unknown> | null> | null = null;

/** The task whose step is on the stack, or null: a handle, or an async function between two awaits. */
export function steppingTask(): Task<unknown> | null {
  return stepping.task;
}

/** Makes `task` the stepping one; returns the one that was, to be restored. */
export function enterStep(task: Task<unknown> | null): Task<unknown> | null {
  const previous = stepping.task;
  stepping.task = task;
  return previous;
}

/** The unfinished task that the running async function belongs to, or null. */
export function asyncTask(): Task<unknown> | null {
  if (storage === null) return null;
  const task = storage.getStore();
  return task === undefined || task === null || task.done() ? null : task;
}

/** From now on, async functions know their task. */
export function trackAsyncFunctions(): AsyncLocalStorage<Task<unknown> | null> {
  if (storage === null) {
    storage = new AsyncLocalStorage();
    // A callback is made in a task's context, but its async functions are not the task's.
    callbackHook.before = () => claimContext(null);
  }
  return storage;
}

/** Marks the current context as `task`'s (null: nobody's), so that async functions called in it belong to it. */
export function claimContext(task: Task<unknown> | null): void {
  if (storage !== null && (storage.getStore() ?? null) !== task) storage.enterWith(task);
}

/** The task that is running: in a step, or in an async function between two awaits; null outside any (asyncio: `current_task`). */
export function currentTask(): Task<unknown> | null {
  return stepping.task ?? asyncTask();
}
