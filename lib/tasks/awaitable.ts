import type { Future } from './future.ts';
import { isGenerator } from './generators.ts';
import type { PromiseWait } from './promise-wait.ts';

/**
 * What a generator coroutine hands to the loop when it has to wait: a future, a promise that it waits for inline, or
 * null for one bare pass. Only `yield*` of awaitables makes them; there is no need to look inside.
 */
export type Suspension = Future<unknown> | PromiseWait<unknown> | null;

/** A generator that the loop drives: what a generator coroutine function returns. */
export type Coroutine<T> = Generator<Suspension, T, unknown>;

/** What every asynchronous function here returns: `yield*` it in a generator, `await` it in an async function. */
export interface Awaitable<T> extends PromiseLike<T> {
  /** For `yield*` in a generator coroutine. */
  [Symbol.iterator](): Iterator<Suspension, T, unknown>;
}

/** Everything that may be given where a task, a future or something awaitable is wanted. */
export type AnyAwaitable<T> = Awaitable<T> | Coroutine<T> | PromiseLike<T>;

/** A function whose body becomes part of the caller's task: a generator function, an async one, or a plain one. */
export type Body<A extends unknown[], T> = (...args: A) => Coroutine<T> | Awaitable<T> | PromiseLike<T> | T;

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** True for a generator object, or for something that acts like one. */
export function isCoroutine(value: unknown): value is Coroutine<unknown> {
  if (value === null || typeof value !== 'object') return false;
  return (
    isGenerator(value) ||
    (typeof (value as { next?: unknown }).next === 'function' &&
      typeof (value as { throw?: unknown }).throw === 'function' &&
      typeof (value as { return?: unknown }).return === 'function')
  );
}

/** True for what can be both `yield*`-ed and awaited: futures, tasks, and what this library's functions return. */
export function isAwaitable(value: unknown): value is Awaitable<unknown> {
  return (
    isThenable(value) && typeof (value as { [Symbol.iterator]?: unknown })[Symbol.iterator] === 'function'
  );
}

const claimed = Symbol('coriolis.awaited');

/** Prototypes of coroutines that can be awaited. Only those are worth a look at the mark. */
const awaitablePrototypes = new WeakSet<object>();

/** Lets coroutines with this prototype be awaited: `then` says how. */
export function makeAwaitable(prototype: object, then: PromiseLike<unknown>['then']): void {
  Object.defineProperty(prototype, 'then', { value: then, writable: true, configurable: true });
  awaitablePrototypes.add(prototype);
}

/**
 * A generator runs once, for whoever awaits it first. Marking one gives it a property store of its own, so only an
 * `await` does; `yield*`, tasks and bodies only look (`checkUnclaimed`).
 * @throws Error when `coroutine` was awaited before
 */
export function claimCoroutine(coroutine: object): void {
  if (isClaimed(coroutine)) throw reused();
  (coroutine as { [claimed]?: true })[claimed] = true;
}

/** @throws Error when `coroutine` was awaited before */
export function checkUnclaimed(coroutine: object): void {
  if (awaitablePrototypes.has(Object.getPrototypeOf(coroutine)) && isClaimed(coroutine)) throw reused();
}

function isClaimed(coroutine: object): boolean {
  return (coroutine as { [claimed]?: true })[claimed] === true;
}

function reused(): Error {
  return new Error('cannot reuse already awaited coroutine');
}
