import { foreignFuture } from './async-await.ts';
import { enterWait, isScopeCancelled, passing, scopeCancel } from './cancellation.ts';
import type { Driver } from './driver.ts';
import { Future, futureFlag } from './future.ts';
import { PromiseWait } from './promise-wait.ts';

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
    driver.flags |= isScopeCancelled(driver) ? passing | scopeCancel : passing;
    task.scheduler.pushReady(driver);
    return;
  }
  if (suspension instanceof Future) {
    // A task that awaits itself stays handed out, as in CPython: nobody can wait for it any more.
    if (suspension === task) throwNext(driver, new Error(`Task cannot await on itself: ${task.describe()}`));
    else if (suspension.scheduler !== task.scheduler) {
      throwNext(driver, foreignFuture(task, suspension));
    } else if ((suspension.flags & futureFlag.handedOut) === 0) {
      // Not from the future's iterator, which would have begun it, and would give the result (asyncio minds as well).
      throwNext(
        driver,
        new TypeError(`${task.describe()} yielded a ${suspension.describe()}; use \`yield*\` on awaitables`),
      );
    } else {
      suspension.flags &= ~futureFlag.handedOut;
      suspension.addWaiter(driver);
      enterWait(driver, suspension);
    }
    return;
  }
  throwNext(
    driver,
    new TypeError(`${task.describe()} yielded something that is no awaitable; use \`yield*\` on awaitables`),
  );
}

/** `error` is thrown into the generator in the next pass. */
function throwNext(driver: Driver, error: unknown): void {
  driver.flags |= passing;
  driver.rare().pendingThrow = { error };
  driver.owner.scheduler.pushReady(driver);
}
