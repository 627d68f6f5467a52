import type { AnyAwaitable } from './awaitable.ts';
import { ensureFuture } from './ensure.ts';
import { DoneCallback, Future } from './future.ts';
import type { TaskBody } from './task.ts';

/**
 * Waits for `awaitable` without passing a cancellation on to it (asyncio: `shield`): the caller gets its
 * CancelledError, the awaitable goes on. If it then fails, the error goes to the loop's exception handler. If the
 * awaitable is cancelled by somebody else, so is the shield.
 */
export function shield<T>(awaitable: AnyAwaitable<T> | TaskBody<T>): Future<T> {
  const inner = ensureFuture(awaitable);
  if (inner.done()) return inner;
  const outer = new Future<T>(inner.scheduler);
  const pass = new DoneCallback(
    inner as Future<unknown>,
    () => passOn(inner, outer),
    null,
    outer as Future<unknown>,
  );
  inner.addWaiter(pass);
  outer.addWaiter(
    new DoneCallback(
      outer as Future<unknown>,
      () => {
        if (inner.done()) return;
        inner.removeWaiters((waiter) => waiter === pass || waiter instanceof LateError);
        inner.addWaiter(new LateError(inner as Future<unknown>));
      },
      null,
    ),
  );
  return outer;
}

function passOn<T>(inner: Future<T>, outer: Future<T>): void {
  if (outer.cancelled()) return;
  if (inner.cancelled()) {
    outer.cancel();
    return;
  }
  const failure = inner.takeFailure();
  if (failure === null) outer.setResult(inner.result());
  else outer.setException(failure.error);
}

/** The shield was cancelled: an error of the inner future has nobody to go to. There is one of these per inner future. */
class LateError extends DoneCallback {
  constructor(inner: Future<unknown>) {
    super(inner, reportLateError, null);
  }
}

function reportLateError(inner: Future<unknown>): void {
  if (inner.cancelled()) return;
  const failure = inner.takeFailure();
  if (failure === null) return;
  inner.scheduler.reportError({
    message: `A shielded future failed after its shield was cancelled`,
    exception: failure.error,
    future: inner,
  });
}
