import type { ReceivePool } from '../native/receive-pool.ts';

/**
 * Received bytes that still lie in the receive pool: what `Stream.borrow()` gives. Hand it to `Stream.write()`,
 * which sends it without a copy and disposes of it, or read `bytes` and dispose of it with `using` or `dispose()`.
 * A chunk that is kept keeps its buffer from all connections of the loop.
 */
export class BorrowedChunk implements Disposable {
  /** The next chunk in a receiver's queue. @internal */
  next: BorrowedChunk | null = null;

  /** @internal */
  constructor(
    private readonly pool: ReceivePool,
    private buffer: number,
    private start: number,
    /** Number of bytes. */
    public length: number,
    /** The chunk's own memory, once it has left the pool. */
    private own: Buffer | null = null,
  ) {}

  /**
   * The bytes. Valid until the chunk is disposed of or written; afterwards the memory belongs to other data.
   * @throws Error (`ERR_CHUNK_DISPOSED`) after disposal.
   */
  get bytes(): Buffer {
    if (this.own !== null) return this.own;
    if (this.buffer < 0) throw chunkDisposed();
    return this.pool.view(this.buffer, this.start, this.length);
  }

  /** True once the chunk has been disposed of or written. */
  get disposed(): boolean {
    return this.buffer < 0 && this.own === null;
  }

  /** Gives the memory back. Idempotent. */
  dispose(): void {
    this.own = null;
    if (this.buffer < 0) return;
    const { buffer } = this;
    this.buffer = -1;
    this.pool.release(buffer);
  }

  /** `dispose()`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Copies the bytes out of the pool, so that the buffer is free for others. @internal */
  leavePool(): void {
    if (this.buffer < 0) return;
    const copy = Buffer.allocUnsafeSlow(this.length);
    this.copyFirst(this.length, copy, 0);
    this.dispose();
    this.own = copy;
  }

  /** Copies the first `length` bytes to `target`. @internal */
  copyFirst(length: number, target: Uint8Array, at: number): void {
    if (this.own !== null) target.set(this.own.subarray(0, length), at);
    else this.pool.copy(this.buffer, this.start, length, target, at);
  }

  /** Drops the first `length` bytes. @internal */
  skip(length: number): void {
    if (this.own !== null) this.own = this.own.subarray(length);
    else this.start += length;
    this.length -= length;
  }

  /** Region of the exchange in which the bytes lie. @internal */
  get region(): number {
    return this.pool.region(this.buffer);
  }

  /** Offset within that region. @internal */
  get regionOffset(): number {
    return this.pool.regionOffset(this.buffer, this.start);
  }

  /** The receive buffer the bytes lie in, or -1. @internal */
  get poolBuffer(): number {
    return this.buffer;
  }

  /** Passes the hold on the pool's memory to the caller; the chunk counts as disposed of. @internal */
  surrender(): void {
    this.buffer = -1;
    this.own = null;
  }

  /** True when the bytes lie in that pool. @internal */
  liesIn(pool: ReceivePool): boolean {
    return this.buffer >= 0 && this.pool === pool;
  }
}

function chunkDisposed(): Error {
  return Object.assign(new Error('the borrowed chunk has been disposed of or written already'), {
    code: 'ERR_CHUNK_DISPOSED',
  });
}
