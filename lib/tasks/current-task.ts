import { AsyncLocalStorage } from 'node:async_hooks';
import { callbackHook } from '../scheduler/handle.ts';
import type { Driver } from './driver.ts';
import type { Task } from './task.ts';

/** The driver whose step is on the stack. */
const stepping: { driver: Driver | null } = { driver: null };

/** Which driver an async function belongs to. Made when the first async task is: it slows every promise down a little. */
let storage: AsyncLocalStorage<Driver | null> | null = null;

/** The driver whose step is on the stack, or null: a handle, or an async function between two awaits. */
export function steppingDriver(): Driver | null {
  return stepping.driver;
}

/** Makes `driver` the stepping one; returns the one that was, to be restored. */
export function enterStep(driver: Driver | null): Driver | null {
  const previous = stepping.driver;
  stepping.driver = driver;
  return previous;
}

/** The driver that the running async function belongs to, or null. Code that outlives its driver is the one's above. */
export function asyncDriver(): Driver | null {
  if (storage === null) return null;
  let driver = storage.getStore() ?? null;
  while (driver?.ended === true) driver = driver.parent;
  return driver;
}

/** The driver of which the running code is part: a generator's step, or an async function between two awaits. */
export function currentDriver(): Driver | null {
  return stepping.driver ?? asyncDriver();
}

/** The driver that an `await` happening now belongs to: not a `then` called from a generator's step or a callback's. */
export function awaitingDriver(): Driver | null {
  return stepping.driver === null ? asyncDriver() : null;
}

/** From now on, async functions know whose they are. */
export function trackAsyncFunctions(): void {
  if (storage !== null) return;
  storage = new AsyncLocalStorage();
  // A callback is made in a task's context, but its async functions are not the task's.
  callbackHook.before = () => void claimContext(null);
}

/**
 * Marks the current context as `driver`'s (null: nobody's), so that async functions called in it belong to it. Returns
 * whose it was, to be restored where the context is not the driver's own.
 */
export function claimContext(driver: Driver | null): Driver | null {
  if (storage === null) return null;
  const previous = storage.getStore() ?? null;
  if (previous !== driver) storage.enterWith(driver);
  return previous;
}

/** The task that is running: in a step, or in an async function between two awaits; null outside any (asyncio: `current_task`). */
export function currentTask(): Task<unknown> | null {
  const task = currentDriver()?.owner ?? null;
  return task?.done() === true ? null : task;
}
