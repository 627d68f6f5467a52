import type { Coroutine, Suspension } from './awaitable.ts';

/**
 * Every closure of a `function*` gives its generators a prototype of their own. To look up a method on such a generator
 * therefore misses all of V8's caches, which costs more than a step of the generator does. Here nothing is looked up on
 * them.
 */
const generatorPrototype: Coroutine<unknown> = Object.getPrototypeOf(
  Object.getPrototypeOf((function* () {})()),
);
const { next: nextOf, throw: throwOf, return: returnOf } = generatorPrototype;

/** True for what a `function*` returns. */
export function isGenerator(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype !== null && Object.getPrototypeOf(prototype) === generatorPrototype;
}

/** Runs a generator until it next suspends or ends. `delivered`: to be thrown into it. */
export function stepGenerator<T>(
  generator: Coroutine<T>,
  delivered: { error: unknown } | null,
): IteratorResult<Suspension, T> {
  return (
    delivered === null ? nextOf.call(generator) : throwOf.call(generator, delivered.error)
  ) as IteratorResult<Suspension, T>;
}

/** The same for what only acts like a generator. */
export function stepCoroutine<T>(
  coroutine: Coroutine<T>,
  delivered: { error: unknown } | null,
): IteratorResult<Suspension, T> {
  return delivered === null ? coroutine.next() : coroutine.throw(delivered.error);
}

/** For `yield*`: what the generator is to whom it is given. */
export class Delegation<T> implements Iterator<Suspension, T, unknown> {
  constructor(private readonly generator: Coroutine<T>) {}

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Suspension, T> {
    return nextOf.call(this.generator) as IteratorResult<Suspension, T>;
  }

  throw(error: unknown): IteratorResult<Suspension, T> {
    return throwOf.call(this.generator, error) as IteratorResult<Suspension, T>;
  }

  return(value: T): IteratorResult<Suspension, T> {
    return returnOf.call(this.generator, value) as IteratorResult<Suspension, T>;
  }
}
