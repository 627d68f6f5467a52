/**
 * The memory that small sends and socket addresses are copied into: blocks of powers of two, kept in one free list
 * per size. Last freed is first used, so the blocks in use stay in the cache.
 */
export class Arena {
  static readonly largestBlock = 16384;
  private static readonly smallestShift = 6;
  private static readonly bytes = 4 * 1024 * 1024;

  readonly memory = new ArrayBuffer(Arena.bytes);
  readonly view = Buffer.from(this.memory);
  private readonly free: number[][] = [];
  private untouched = 0;

  constructor() {
    for (let size = 1 << Arena.smallestShift; size <= Arena.largestBlock; size *= 2) this.free.push([]);
  }

  private static sizeClass(length: number): number {
    const shift = 32 - Math.clz32(length - 1);
    return shift <= Arena.smallestShift ? 0 : shift - Arena.smallestShift;
  }

  /** The offset of a block of at least `length` bytes (at most `largestBlock`), or -1 when the arena is used up. */
  allocate(length: number): number {
    const sizeClass = Arena.sizeClass(length);
    const offset = this.free[sizeClass]!.pop();
    if (offset !== undefined) return offset;
    const size = 1 << (sizeClass + Arena.smallestShift);
    if (this.untouched + size > Arena.bytes) return -1;
    const start = this.untouched;
    this.untouched += size;
    return start;
  }

  /** Gives back a block; `length` as it was asked for. */
  release(offset: number, length: number): void {
    this.free[Arena.sizeClass(length)]!.push(offset);
  }
}
