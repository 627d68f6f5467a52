import type { Scheduler } from '../scheduler/scheduler.ts';
import type { AnyAwaitable } from './awaitable.ts';
import { whenDone } from './done-callback.ts';
import { ensureFuture, requireScheduler } from './ensure.ts';
import { type CancelReason, cancelledError } from './errors.ts';
import { Future } from './future.ts';
import type { TaskBody } from './task.ts';

/** What `gather` can be told. */
export interface GatherOptions {
  /** Put errors among the results instead of failing with the first. */
  returnExceptions?: boolean | undefined;
}

/** What awaiting `T` gives, or what it returns if it is a function. */
export type Outcome<T> =
  T extends PromiseLike<infer R>
    ? R
    : T extends Generator<unknown, infer R, unknown>
      ? R
      : T extends (...args: never[]) => infer F
        ? Outcome<F>
        : T;

/** What awaiting each of `T` gives. */
export type Gathered<T extends readonly unknown[]> = { -readonly [K in keyof T]: Outcome<T[K]> };

/** The same, with errors among the results. */
export type GatheredOrErrors<T extends readonly unknown[]> = {
  -readonly [K in keyof T]: Outcome<T[K]> | Error;
};

/**
 * Runs everything concurrently and gives the results in the order of the arguments (asyncio: `gather`). Coroutines
 * start as tasks at once; the same object given twice runs once.
 *
 * The first failure is the gather's failure, but the others keep running. Cancelling the gather cancels all of them,
 * and it is done when they are. A child that is cancelled by somebody else makes the gather fail with CancelledError
 * without cancelling it. For children that end together, use a task group.
 */
export function gather<const T extends readonly unknown[]>(
  awaitables: T,
  options: { returnExceptions: true },
): Future<GatheredOrErrors<T>>;
export function gather<const T extends readonly unknown[]>(
  awaitables: T,
  options?: { returnExceptions?: false | undefined },
): Future<Gathered<T>>;
export function gather<const T extends readonly unknown[]>(
  awaitables: T,
  options: GatherOptions,
): Future<GatheredOrErrors<T>>;
/** The same, with the awaitables as arguments, and perhaps the options behind them. */
export function gather<T extends readonly unknown[]>(
  ...awaitablesAndOptions: [...T, { returnExceptions: true }]
): Future<GatheredOrErrors<T>>;
export function gather<T extends readonly unknown[]>(
  ...awaitablesAndOptions: [...T, { returnExceptions: false }]
): Future<Gathered<T>>;
export function gather<T extends readonly unknown[]>(
  ...awaitablesAndOptions: [...T, GatherOptions & { returnExceptions: boolean }]
): Future<GatheredOrErrors<T>>;
export function gather<T extends readonly unknown[]>(...awaitables: T): Future<Gathered<T>>;
export function gather(...args: unknown[]): Future<unknown[]> {
  const last = args[args.length - 1];
  let awaitables: readonly unknown[];
  let options: GatherOptions | undefined;
  if (Array.isArray(args[0])) {
    awaitables = args[0];
    options = args[1] as GatherOptions | undefined;
  } else if (isOptions(last)) {
    awaitables = args.slice(0, -1);
    options = last;
  } else awaitables = args;
  const { returnExceptions = false } = options ?? {};
  let scheduler: Scheduler | undefined;
  const futures = new Map<unknown, Future<unknown>>();
  const children = awaitables.map((awaitable) => {
    let future = futures.get(awaitable);
    if (future === undefined) {
      future = ensureFuture(awaitable as AnyAwaitable<unknown> | TaskBody<unknown>, scheduler);
      scheduler ??= future.scheduler;
      futures.set(awaitable, future);
    }
    return future;
  });
  const outer = new GatheringFuture(
    scheduler ?? requireScheduler(),
    children,
    futures.size,
    returnExceptions,
  );
  if (children.length === 0) outer.setResult([]);
  // Those that are done count at once, after all others have been registered.
  const done = [];
  for (const child of futures.values()) {
    if (child.done()) done.push(child);
    else {
      whenDone(child, outer.childDone, outer as Future<unknown>);
    }
  }
  for (const child of done) outer.childDone(child);
  return outer;
}

/** A plain object with `returnExceptions` and nothing else, so that it can't be something to wait for. */
function isOptions(value: unknown): value is GatherOptions {
  if (value === null || typeof value !== 'object') return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && keys[0] === 'returnExceptions';
}

class GatheringFuture extends Future<unknown[]> {
  private finished = 0;
  private cancelRequested = false;

  constructor(
    scheduler: Scheduler,
    private readonly children: readonly Future<unknown>[],
    private readonly distinct: number,
    private readonly returnExceptions: boolean,
  ) {
    super(scheduler);
  }

  /** Cancels the children; the gather itself is done when they are. */
  override cancel(reason?: CancelReason): boolean {
    if (this.done()) return false;
    let accepted = false;
    for (const child of this.children) if (child.cancel(reason)) accepted = true;
    if (accepted) this.cancelRequested = true;
    return accepted;
  }

  override describe(): string {
    return `gather of ${this.children.length}`;
  }

  readonly childDone = (child: Future<unknown>): void => {
    this.finished++;
    if (this.done()) {
      // Counts as looked at: the gather has failed already.
      child.takeFailure();
      return;
    }
    if (!this.returnExceptions) {
      const failure = child.takeFailure();
      if (failure !== null) {
        this.setException(failure.error);
        return;
      }
    }
    if (this.finished < this.distinct) return;
    const results = this.children.map(outcome);
    if (this.cancelRequested)
      this.setException(child.cancelled() ? child.takeCancelledError() : cancelledError(''));
    else this.setResult(results);
  };
}

function outcome(child: Future<unknown>): unknown {
  const failure = child.takeFailure();
  return failure === null ? child.result() : failure.error;
}
