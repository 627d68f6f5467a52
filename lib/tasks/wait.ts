import { argumentRange, checkIterable, checkMillisecondsOrNull, checkOptions } from '../arguments.ts';
import type { TimerHandle } from '../scheduler/handle.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { Awaitable, Coroutine } from './awaitable.ts';
import { coroutine } from './coroutine.ts';
import { currentTask } from './current-task.ts';
import { whenDone } from './done-callback.ts';
import { ensureFuture, requireScheduler } from './ensure.ts';
import { Future } from './future.ts';

/** When `wait` returns: with the first that is done, with the first that failed (or all), or with all. */
export type ReturnWhen = 'FIRST_COMPLETED' | 'FIRST_EXCEPTION' | 'ALL_COMPLETED';

const returnWhens: readonly unknown[] = ['FIRST_COMPLETED', 'FIRST_EXCEPTION', 'ALL_COMPLETED'];

/** What `wait` can be told. */
export interface WaitOptions {
  /** Milliseconds after which to return with what is done by then. */
  timeout?: number | null | undefined;
  /** Default: ALL_COMPLETED. A cancelled future does not count as an exception. */
  returnWhen?: ReturnWhen | undefined;
}

/**
 * Waits for futures and tasks, without looking at their results and without cancelling anything (asyncio: `wait`).
 * Gives the sets of those that are done and of those that are pending; a timeout is no error.
 * @throws TypeError for anything that is no future or task: start coroutines with `createTask` first
 * @throws RangeError when there is nothing to wait for, and for an unknown `returnWhen`
 */
export const wait = coroutine(function* <F extends Future<unknown>>(
  futures: Iterable<F>,
  options: WaitOptions = {},
): Coroutine<[done: Set<F>, pending: Set<F>]> {
  checkIterable('futures', futures);
  checkOptions('options', options);
  const { timeout: timeoutMs = null, returnWhen = 'ALL_COMPLETED' } = options;
  checkMillisecondsOrNull('options.timeout', timeoutMs);
  if (!returnWhens.includes(returnWhen))
    throw argumentRange('options.returnWhen', `one of ${returnWhens.join(', ')}`, returnWhen);
  const all = new Set(futures);
  for (const future of all) {
    if (!(future instanceof Future))
      throw new TypeError('wait takes futures and tasks; use createTask for coroutines');
  }
  if (all.size === 0) throw new RangeError('wait needs something to wait for');
  const scheduler = requireScheduler();
  for (const future of all) ensureFuture(future, scheduler);
  yield* waitForSome(scheduler, all, timeoutMs, returnWhen);
  const done = new Set<F>();
  const pending = new Set<F>();
  for (const future of all) (future.done() ? done : pending).add(future);
  return [done, pending];
}) as <F extends Future<unknown>>(
  futures: Iterable<F>,
  options?: WaitOptions,
) => Awaitable<[done: Set<F>, pending: Set<F>]>;

function* waitForSome(
  scheduler: Scheduler,
  futures: ReadonlySet<Future<unknown>>,
  timeoutMs: number | null,
  returnWhen: ReturnWhen,
): Coroutine<void> {
  const waiter = new Future<void>(scheduler);
  const release = () => {
    if (!waiter.done()) waiter.setResult();
  };
  const timer: TimerHandle | null =
    timeoutMs === null ? null : scheduler.callLater(timeoutMs, release, [], null);
  let unfinished = futures.size;
  const onDone = (future: Future<unknown>) => {
    unfinished--;
    if (
      unfinished === 0 ||
      returnWhen === 'FIRST_COMPLETED' ||
      (returnWhen === 'FIRST_EXCEPTION' && !future.cancelled() && future.takeFailure() !== null)
    ) {
      timer?.cancel();
      release();
    }
  };
  const self = currentTask();
  const registrations = [...futures].map((future) => whenDone(future, onDone, self));
  try {
    yield* waiter;
  } finally {
    timer?.cancel();
    for (const remove of registrations) remove();
  }
}

/** Cancels `future` and waits until it is done, however it ends. */
export function* cancelAndWait(future: Future<unknown>): Coroutine<void> {
  const waiter = new Future<void>(future.scheduler);
  const remove = whenDone(future, () => {
    if (!waiter.done()) waiter.setResult();
  });
  try {
    future.cancel();
    // Not on the future itself: a cancellation of the caller must not be mistaken for the future's.
    yield* waiter;
  } finally {
    remove();
  }
}
