import type { Task } from './task.ts';
import { listWaiting } from './waiting.ts';

/** One line about a task: its name and what it waits for. */
export function describeWaiting(task: Task<unknown>): string {
  const waiting = listWaiting(task.waiting);
  return `${task.describe()} waits for ${waiting.length}`;
}
