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

/** A TypeError like Node's `ERR_INVALID_ARG_TYPE`. */
export function argumentType(name: string, expected: string, actual: unknown): TypeError {
  const kind = actual === null ? 'null' : Array.isArray(actual) ? 'an array' : `type ${typeof actual}`;
  const error = new TypeError(`The "${name}" argument must be of type ${expected}. Received ${kind}`);
  return Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' });
}

/** A RangeError like Node's `ERR_OUT_OF_RANGE`. */
export function argumentRange(name: string, expected: string, actual: unknown): RangeError {
  const error = new RangeError(
    `The value of "${name}" is out of range. It must be ${expected}. Received ${String(actual)}`,
  );
  return Object.assign(error, { code: 'ERR_OUT_OF_RANGE' });
}
