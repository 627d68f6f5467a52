/** Measured: at 10-KiB reads, slabs of 64 KiB cost a tenth more processor time a request. */
const slabBytes = 256 * 1024;
const largestShare = slabBytes / 4;

let slab = Buffer.allocUnsafeSlow(slabBytes);
let used = 0;

/**
 * Memory for bytes that are handed to the user: small ones share a slab, as in Node's own `Buffer.allocUnsafe`, but
 * a larger one, so that a busy server makes fewer of them for the garbage collector.
 */
export function readMemory(length: number): Buffer {
  if (length > largestShare) return Buffer.allocUnsafeSlow(length);
  if (used + length > slabBytes) {
    slab = Buffer.allocUnsafeSlow(slabBytes);
    used = 0;
  }
  const start = used;
  // Whole words: views that begin at odd addresses are slower to copy.
  used = (start + length + 7) & ~7;
  return slab.subarray(start, start + length);
}
