/** Negative: `a` comes first; positive: `b` does; zero: either. The shape of `Array.prototype.sort`'s argument. */
export type Comparator<T> = (a: T, b: T) => number;

/**
 * Python's `<`, on which `heapq` stands: numbers (with bigints and booleans) and strings by value, dates by time, arrays
 * element by element like tuples, the shorter first when one begins with the other.
 * @throws TypeError for anything without a natural order, also deep inside two arrays that are equal up to there
 */
export function naturalLess(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  if (typeof a === 'string' && typeof b === 'string') return a < b;
  if (isNumeric(a) && isNumeric(b)) return a < b;
  if (Array.isArray(a) && Array.isArray(b)) return arrayLess(a, b);
  if (a instanceof Date && b instanceof Date) return a.getTime() < b.getTime();
  throw new TypeError(
    `a ${kindOf(a)} and a ${kindOf(b)} have no natural order; pass a comparator, or queue [priority, sequence, item]`,
  );
}

function arrayLess(a: readonly unknown[], b: readonly unknown[]): boolean {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i += 1) {
    // The first pair that differs decides; pairs that are equal are never ordered, so they may be of any kind.
    if (!sameValue(a[i], b[i])) return naturalLess(a[i], b[i]);
  }
  return a.length < b.length;
}

function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (isNumeric(a) && isNumeric(b)) return Number.isNaN(a) ? false : !(a < b) && !(b < a);
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((element, i) => sameValue(element, b[i]));
  }
  return false;
}

function isNumeric(value: unknown): value is number | bigint | boolean {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  return value.constructor?.name ?? 'object';
}
