import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';

// Checks of arguments, for every floor: a wrong one gets an error that names it, as in Node.

/** @throws RangeError or TypeError naming the argument, unless `port` is an integer from `least` to 65535. */
export function checkPort(port: unknown, least: 0 | 1): asserts port is number {
  if (typeof port !== 'number') throw argumentType('port', 'number', port);
  if (!Number.isInteger(port) || port < least || port > 65535) {
    throw argumentRange('port', `an integer from ${least} to 65535`, port);
  }
}

/** @throws RangeError or TypeError naming the argument, unless the value is an integer of at least `least`. */
export function checkCount(name: string, value: unknown, least: number): asserts value is number {
  if (typeof value !== 'number') throw argumentType(name, 'number', value);
  if (!Number.isSafeInteger(value) || value < least)
    throw argumentRange(name, `an integer of at least ${least}`, value);
}

/** Any number will do: infinite ones mean never, those below zero at once. @throws RangeError for NaN; TypeError */
export function checkMilliseconds(name: string, value: unknown): asserts value is number {
  if (typeof value !== 'number') throw argumentType(name, 'number', value);
  if (Number.isNaN(value)) throw argumentRange(name, 'a number of milliseconds', value);
}

/** The same where null means: without limit. @throws RangeError for NaN; TypeError */
export function checkMillisecondsOrNull(name: string, value: unknown): asserts value is number | null {
  if (value === null) return;
  if (typeof value !== 'number') throw argumentType(name, 'number or null', value);
  if (Number.isNaN(value)) throw argumentRange(name, 'a number of milliseconds or null', value);
}

/** @throws RangeError or TypeError naming the argument, unless it is an integer of at least `least`, or Infinity. */
export function checkLimit(name: string, value: unknown, least: number): asserts value is number {
  if (typeof value !== 'number') throw argumentType(name, 'number', value);
  if (!(Number.isInteger(value) || value === Infinity) || value < least)
    throw argumentRange(name, `an integer of at least ${least}, or Infinity`, value);
}

/** @throws TypeError naming the argument, unless the value is an object. */
export function checkOptions(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw argumentType(name, 'object', value);
}

/** @throws TypeError naming the argument, unless the value can be iterated. */
export function checkIterable(name: string, value: unknown): void {
  if (typeof value === 'string' || !hasIterator(value)) throw argumentType(name, 'Iterable', value);
}

function hasIterator(value: unknown): boolean {
  return value != null && typeof (value as { [Symbol.iterator]?: unknown })[Symbol.iterator] === 'function';
}

/** @throws TypeError naming the argument, unless the value is a function. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw argumentType(name, 'function', value);
}

/** True for an object, or a function, with these methods. */
export function hasMethods(value: unknown, ...methods: readonly string[]): boolean {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function');
}

/** @throws TypeError naming the argument, unless the value can run functions: what `copyContext` makes. */
export function checkContext(name: string, value: unknown): void {
  // A storage has a `run` too, but is no context.
  if (!hasMethods(value, 'run') || value instanceof AsyncLocalStorage)
    throw argumentType(name, 'Context', value);
}

/** A TypeError like Node's `ERR_INVALID_ARG_TYPE`. */
export function argumentType(name: string, expected: string, actual: unknown): TypeError {
  const error = new TypeError(
    `The "${name}" argument must be of type ${expected}. Received ${describeValue(actual)}`,
  );
  return Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' });
}

/** A RangeError like Node's `ERR_OUT_OF_RANGE`. */
export function argumentRange(name: string, expected: string, actual: unknown): RangeError {
  const error = new RangeError(
    `The value of "${name}" is out of range. It must be ${expected}. Received ${inspect(actual)}`,
  );
  return Object.assign(error, { code: 'ERR_OUT_OF_RANGE' });
}

/** A TypeError like Node's `ERR_INVALID_RETURN_VALUE`: a function of the user's, `what`, gave something else. */
export function returnType(what: string, expected: string, actual: unknown): TypeError {
  const error = new TypeError(`${what} must return ${expected}. Received ${describeValue(actual)}`);
  return Object.assign(error, { code: 'ERR_INVALID_RETURN_VALUE' });
}

/** What a value is, in the words of Node's own errors. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`;
  if (typeof value === 'object') {
    const kind = (value as { constructor?: { name?: unknown } }).constructor?.name;
    if (typeof kind === 'string' && kind !== '') return `an instance of ${kind}`;
    return inspect(value, { depth: -1 });
  }
  const shown = inspect(value);
  return `type ${typeof value} (${shown.length > 28 ? `${shown.slice(0, 25)}...` : shown})`;
}
