import type { Task } from './task.ts';

/** Who watches tasks; null members of the list cost nothing. */
export interface Instrument {
  /** A task was created. */
  spawned?(task: Task<unknown>): void;
  /** A task is about to run until it next has to wait. Async functions: it is about to be resumed. */
  beforeStep?(task: Task<unknown>): void;
  /** A task waits again, or is done. Not told for async functions, whose end of a step can't be seen. */
  afterStep?(task: Task<unknown>): void;
  /** A task is done. */
  exited?(task: Task<unknown>): void;
}

/** The one who is told, if anybody wants to know. */
export const watching: { instrument: Required<Instrument> | null } = { instrument: null };
