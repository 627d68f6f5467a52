import type { CancelScope } from './cancel-scope.ts';

/** What few tasks have: kept out of the task, so that a million of them stay small. */
export class TaskExtra {
  name: string | null = null;
  /** Of the cancellation that is to be delivered. */
  cancelMessage: string | undefined = undefined;
  /** Thrown into the generator at its next step. */
  pendingThrow: { error: unknown } | null = null;
  /** Behind `task.signal`. */
  controller: AbortController | null = null;
  /** The innermost cancel scope the task is in. */
  scope: CancelScope | null = null;
  /** How many waits, one in another, cancel scopes must not disturb. */
  scopeShields = 0;
  /** Where the task was created; in debug mode. */
  creationStack: string | null = null;
}
