// The few statistics the benches need.

/**
 * The value that `fraction` of the sorted samples do not exceed (nearest rank).
 * @param {ArrayLike<number>} sorted ascending, not empty
 * @param {number} fraction 0 to 1
 * @returns {number}
 */
export function quantile(sorted, fraction) {
  if (sorted.length === 0) throw new RangeError('no samples');
  const rank = Math.min(sorted.length, Math.max(1, Math.ceil(fraction * sorted.length)));
  return /** @type {number} */ (sorted[rank - 1]);
}

/**
 * The middle value; of an even number the mean of the middle two.
 * @param {Iterable<number>} values not empty
 * @returns {number}
 */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) throw new RangeError('no samples');
  const half = sorted.length >> 1;
  const high = /** @type {number} */ (sorted[half]);
  return sorted.length % 2 === 1 ? high : /** @type {number} */ (sorted[half - 1] + high) / 2;
}

/**
 * Median of one field over rounds.
 * @template T
 * @param {T[]} rounds
 * @param {(round: T) => number} pick
 */
export function medianOf(rounds, pick) {
  return median(rounds.map(pick));
}
