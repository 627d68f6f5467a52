/**
 * What a scheduler sleeps on. The native poller lives in Node's event loop through the core; the virtual poller of
 * `coriolis/testing` jumps its clock instead of waiting. A poller calls `scheduler.turn()` whenever there may be
 * work; the scheduler calls the rest.
 */
export interface Poller {
  /** Loop time in milliseconds, monotonic. */
  now(): number;
  /** Two deadlines closer than this (ms) count as equal: timers due within it fire in this pass. */
  readonly resolutionMs: number;
  /**
   * The poll phase of a pass: starts submitted operations and runs the handlers of those that completed, which may
   * make handles ready. Never blocks. `untilMs` is the loop time until which asyncio would have waited here:
   * -Infinity when handles are ready, Infinity when no timer is pending; only a poller with a clock of its own looks
   * at it.
   */
  poll(untilMs: number): void;
  /** Operations have been submitted that the next `poll` will start, and that may complete at once. */
  readonly hasSubmissions: boolean;
  /**
   * The end of a turn, or a change from outside one: `ready` says that handles wait to run, `deadlineMs` is the
   * earliest timer (Infinity: none).
   */
  settle(ready: boolean, deadlineMs: number): void;
  /**
   * A pass stopped in its middle because it resumed an async function. Unless `scheduler.turn()` is called earlier,
   * the poller calls it once the microtask queue has drained.
   */
  pause(): void;
  /** Keeps the process alive, or lets it end. Only called on a change. */
  setReferenced(referenced: boolean): void;
  /** Lets go of everything; pending operations are cancelled and their memory released by the kernel first. */
  close(): void;
}
