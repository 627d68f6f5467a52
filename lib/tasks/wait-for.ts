import { argumentType, checkMillisecondsOrNull } from '../arguments.ts';
import {
  type AnyAwaitable,
  type Awaitable,
  type Coroutine,
  isAwaitable,
  isCoroutine,
  isThenable,
} from './awaitable.ts';
import { inline } from './body.ts';
import { coroutine } from './coroutine.ts';
import { ensureFuture, requireScheduler } from './ensure.ts';
import { CancelledError, TimeoutError } from './errors.ts';
import type { TaskBody } from './task.ts';
import { timeout } from './timeout.ts';
import { cancelAndWait } from './wait.ts';
import { followPassed } from './wrap-promise.ts';

/**
 * Waits for `awaitable` for at most `timeoutMs` milliseconds (null: without limit), then cancels it and waits until
 * that is done (asyncio: `wait_for`). A coroutine or a function runs inline, in the caller's task. If the cancelled
 * awaitable gives a value all the same, that value is the result. A promise can't be cancelled, be it that of an async
 * function: it goes on, and what it gives is dropped. So pass the function, and not what it returns.
 * @throws TimeoutError when the time is up
 */
export const waitFor = coroutine(function* <T>(
  awaitable: TaskBody<T>,
  timeoutMs: number | null,
): Coroutine<T> {
  checkMillisecondsOrNull('timeoutMs', timeoutMs);
  if (typeof awaitable !== 'function' && !isCoroutine(awaitable) && !isThenable(awaitable))
    throw argumentType('awaitable', 'function, generator, Promise or Awaitable', awaitable);
  if (timeoutMs === null || timeoutMs > 0) {
    return yield* timeout<T>(
      timeoutMs,
      typeof awaitable === 'function' ? awaitable : () => inline<T>(followed(awaitable)),
    );
  }
  const future = ensureFuture(awaitable);
  if (future.done()) return future.result();
  yield* cancelAndWait(future);
  try {
    return future.result();
  } catch (error) {
    if (error instanceof CancelledError) throw new TimeoutError('The timeout has expired', { cause: error });
    throw error;
  }
}) as <T>(awaitable: TaskBody<T>, timeoutMs: number | null) => Awaitable<T>;

/** A promise from elsewhere is cancelled by no longer waiting for it. */
function followed<T>(awaitable: AnyAwaitable<T>): AnyAwaitable<T> {
  return isCoroutine(awaitable) || isAwaitable(awaitable) || !isThenable(awaitable)
    ? awaitable
    : followPassed(awaitable as PromiseLike<T>, requireScheduler());
}
