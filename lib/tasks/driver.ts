import type { Runnable } from '../scheduler/handle.ts';
import type { CancelScope } from './cancel-scope.ts';
import type { CancelReason } from './errors.ts';
import type { Waiter } from './future.ts';
import type { Task } from './task.ts';
import type { Waiting } from './waiting.ts';

/**
 * Whoever steps a generator: a task, or an async function's await of a generator coroutine.
 *
 * The drivers of a task are a tree with the task as its root. A task's async functions may await several coroutines
 * side by side; what one of those, such as `timeout`, cancels is what was begun inside it, which is to say its driver
 * and those below, and never what goes on beside it.
 */
export interface Driver extends Runnable, Waiter, Waiting {
  /** The task that the generator is part of. */
  readonly owner: Task<unknown>;
  /** The driver whose async function awaits this one; null for a task. */
  readonly parent: Driver | null;
  /** The generator has come to its end. */
  readonly ended: boolean;
  /** @internal See cancellation.ts. */
  flags: number;
  /** @internal What few drivers have. */
  extra: DriverExtra | null;
  /** @internal What is waited for: by the generator, by async functions that it called, by drivers below. */
  waitingFor: Waiting | null;
  /** @internal */
  rare(): DriverExtra;
  /** The promise that the generator waited for inline has settled. */
  resumeInline(): void;
}

/** What few drivers have: kept out of them, so that a million tasks stay small. */
export class DriverExtra {
  /** Of the cancellation that is to be delivered. */
  cancelReason: CancelReason = undefined;
  /** Thrown into the generator at its next step. */
  pendingThrow: { error: unknown } | null = null;
  /** Behind `task.signal`. */
  controller: AbortController | null = null;
  /** The innermost cancel scope the driver is in. */
  scope: CancelScope | null = null;
  /** How many waits, one in another, cancel scopes must not disturb. */
  scopeShields = 0;
}

/** What few tasks have. */
export class TaskExtra extends DriverExtra {
  name: string | null = null;
  /** Where the task was created; in debug mode. */
  creationStack: string | null = null;
  /** Cancellation requests among the task's that are addressed to drivers below it. */
  requestsBelow = 0;
}
