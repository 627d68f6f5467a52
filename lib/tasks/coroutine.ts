import { argumentType } from '../arguments.ts';
import { type Awaitable, type Coroutine, claimCoroutine, makeAwaitable } from './awaitable.ts';
import { CoroutineAwait } from './coroutine-await.ts';
import { isGeneratorFunction, markGeneratorFunction } from './coroutine-functions.ts';
import { awaitingDriver } from './current-task.ts';
import { createTask } from './ensure.ts';

/**
 * Makes a generator function awaitable: what it returns can be `yield*`-ed in a generator coroutine, which runs it
 * inline in the caller's task, and awaited in an async function, which does the same; awaited outside any task, it
 * becomes a task. Nothing happens before it is awaited, and one call is awaited at most once.
 *
 * ```ts
 * const fetchTwice = coroutine(function* (url: string) { yield* get(url); return yield* get(url); });
 * ```
 */
export function coroutine<This, A extends unknown[], T>(
  fn: (this: This, ...args: A) => Coroutine<T>,
): (this: This, ...args: A) => Awaitable<T> {
  // A bound function has no prototype.
  if (!isGeneratorFunction(fn) || typeof fn.prototype !== 'object')
    throw argumentType('fn', 'generator function (function*)', fn);
  // The generators of a function inherit from its prototype: that makes them awaitable, and a call costs nothing more.
  makeAwaitable(fn.prototype, thenOfCoroutine as PromiseLike<unknown>['then']);
  const call = function (this: This, ...args: A): Coroutine<T> {
    const made = fn.apply(this, args);
    return watchCoroutines === null ? made : watchCoroutines(made, fn.name);
  };
  Object.defineProperty(call, 'name', { value: fn.name });
  Object.defineProperty(call, 'length', { value: fn.length });
  markGeneratorFunction(call);
  return call as unknown as (this: This, ...args: A) => Awaitable<T>;
}

/** Set in debug mode: gives something to be used in place of every coroutine that is made. */
let watchCoroutines: (<T>(made: Coroutine<T>, name: string) => Coroutine<T>) | null = null;

/** @internal */
export function setCoroutineWatcher(watch: typeof watchCoroutines): void {
  watchCoroutines = watch;
}

/** @internal */
export function thenOfCoroutine<T>(
  this: Coroutine<T>,
  onFulfilled?: ((value: T) => unknown) | null,
  onRejected?: ((error: unknown) => unknown) | null,
): PromiseLike<unknown> {
  const driver = awaitingDriver();
  if (driver === null) return createTask<T>(this).then(onFulfilled, onRejected);
  claimCoroutine(this);
  const strand = new CoroutineAwait(driver, this, onFulfilled, onRejected);
  strand.begin();
  return strand;
}
