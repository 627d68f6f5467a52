import type { Runnable } from '../scheduler/handle.ts';
import { foreignFuture } from './async-await.ts';
import { Future, futureFlag, type Waiter } from './future.ts';
import { PromiseWait } from './promise-wait.ts';
import type { Task } from './task.ts';
import type { Waiting } from './waiting.ts';

/** Whoever steps a generator: a task, or an async function's await of a generator coroutine. */
export interface Driver extends Runnable, Waiter, Waiting {
  /** The task that the generator is part of. */
  readonly owner: Task<unknown>;
  /** Notes that the generator waits for `future`. */
  setWaiting(future: Future<unknown>): void;
  /** `error` is to be thrown into the generator in the next pass. */
  throwNext(error: unknown): void;
  /** The promise that the generator waited for inline has settled. */
  resumeInline(): void;
}

/** The generator of `driver` has yielded `suspension`: arranges who wakes it up. */
export function suspend(driver: Driver, suspension: unknown): void {
  const task = driver.owner;
  if (suspension instanceof PromiseWait) {
    suspension.onSettled(() => driver.resumeInline());
    task.scheduler.pauseFor(task);
    return;
  }
  task.scheduler.caughtUp(task);
  if (suspension === null || suspension === undefined) {
    task.scheduler.pushReady(driver);
    if (task.isScopeCancelled()) task.requestScopeCancel();
    return;
  }
  if (suspension instanceof Future) {
    // A task that awaits itself stays handed out, as in CPython: nobody can wait for it any more.
    if (suspension === task) driver.throwNext(new Error(`Task cannot await on itself: ${task.describe()}`));
    else if (suspension.scheduler !== task.scheduler) {
      driver.throwNext(foreignFuture(task, suspension));
    } else if ((suspension.flags & futureFlag.handedOut) === 0) {
      // Not from the future's iterator, which would have begun it, and would give the result (asyncio minds as well).
      driver.throwNext(
        new TypeError(`${task.describe()} yielded a ${suspension.describe()}; use \`yield*\` on awaitables`),
      );
    } else {
      suspension.flags &= ~futureFlag.handedOut;
      suspension.addWaiter(driver);
      driver.setWaiting(suspension);
      task.deliverPendingCancel(suspension);
    }
    return;
  }
  driver.throwNext(
    new TypeError(`${task.describe()} yielded something that is no awaitable; use \`yield*\` on awaitables`),
  );
}
