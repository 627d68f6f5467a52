import { markAsUntransferable } from 'node:worker_threads';
import type { Core } from './addon.ts';
import { layout } from './layout.ts';

const { poolBufferBytes, poolSlabBuffers, poolSlabsMax, regionPool } = layout;
const buffersMax = poolSlabBuffers * poolSlabsMax;
/** How long a receiver may wait for the pool although there is something in it. */
const sweepDelayMs = 20;

/** A receiver that found the pool dry. */
export interface Starved {
  /** Starts to receive again; false when it need not any more. */
  resume(): boolean;
}

/**
 * The buffers that the core receives into, and who still reads them. The core fills a buffer piece by piece; a
 * buffer goes back to the core when it is full and every piece has been released. The pool starts at a size that
 * fits into a processor's second-level cache and grows only when most of it is held.
 */
export class ReceivePool {
  private readonly slabs: ArrayBuffer[] = [];
  /** Bytes filled so far, per buffer. */
  private readonly filled = new Int32Array(buffersMax);
  /** Pieces not yet released, per buffer. */
  private readonly pieces = new Int32Array(buffersMax);
  /** 1 when the core will not fill the buffer any further. */
  private readonly full = new Uint8Array(buffersMax);
  /** Buffers that are full and not yet returned. */
  private held = 0;
  /** Receivers that wait for buffers, longest first. */
  private readonly starved: Starved[] = [];
  private sweeping = false;

  constructor(
    private readonly core: Core,
    private readonly returnBuffer: (buffer: number) => void,
  ) {
    this.grow();
  }

  /** True when so many buffers are held that who holds pieces it does not need at once should copy them. */
  get underPressure(): boolean {
    return this.held * 2 > this.slabs.length * poolSlabBuffers;
  }

  /** True when the pool cannot grow out of that pressure: nothing may hold a piece for as long as a peer likes. */
  get scarce(): boolean {
    return this.underPressure && this.slabs.length === poolSlabsMax;
  }

  /** True when the core has, or is being given, at least one buffer to fill. */
  get hasFree(): boolean {
    return this.held < this.slabs.length * poolSlabBuffers;
  }

  /** Adds a slab; false when the pool is as large as it may be. */
  grow(): boolean {
    if (this.slabs.length === poolSlabsMax) return false;
    const slab = new ArrayBuffer(poolSlabBuffers * poolBufferBytes);
    // A borrowed chunk's view leads to it, and the kernel writes into it: it must stay where it is.
    markAsUntransferable(slab);
    this.core.addPoolSlab(slab);
    this.slabs.push(slab);
    return true;
  }

  /** Notes that the core put `length` more bytes into a buffer; returns their offset within it. */
  take(buffer: number, length: number, fillsFurther: boolean): number {
    const offset = this.filled[buffer]!;
    this.filled[buffer] = offset + length;
    this.pieces[buffer]!++;
    if (!fillsFurther) {
      this.full[buffer] = 1;
      this.held++;
      if (this.held * 4 > this.slabs.length * poolSlabBuffers * 3) this.grow();
    }
    return offset;
  }

  /** Gives up one piece of a buffer. */
  release(buffer: number): void {
    if (--this.pieces[buffer]! === 0 && this.full[buffer] === 1) {
      this.full[buffer] = 0;
      this.filled[buffer] = 0;
      this.held--;
      this.returnBuffer(buffer);
      // One returned buffer serves many small receives, but resuming everybody at every return would let them starve
      // each other over and over; so all go on only when half of the pool is back, or when some time has passed: the
      // one that went on may have nothing to receive.
      if (this.starved.length > 0) this.resume(this.underPressure ? 1 : this.starved.length);
      if (this.starved.length > 0) this.sweepSoon();
    }
  }

  private sweepSoon(): void {
    if (this.sweeping) return;
    this.sweeping = true;
    const sweep = () => {
      this.sweeping = false;
      if (this.hasFree) this.resume(this.starved.length);
    };
    setTimeout(sweep, sweepDelayMs).unref();
  }

  /** Has `resume` called when buffers have come back. */
  whenReturned(receiver: Starved): void {
    this.starved.push(receiver);
  }

  private resume(count: number): void {
    const { starved } = this;
    let at = 0;
    for (let resumed = 0; resumed < count && at < starved.length; at++) if (starved[at]!.resume()) resumed++;
    starved.splice(0, at);
  }

  /** A view of a piece. Valid until it is released. */
  view(buffer: number, offset: number, length: number): Buffer {
    const slab = this.slabs[(buffer / poolSlabBuffers) | 0]!;
    return Buffer.from(slab, this.regionOffset(buffer, offset), length);
  }

  /** Copies a piece, or a part of it. */
  copy(buffer: number, offset: number, length: number, target: Uint8Array, at: number): void {
    const slab = this.slabs[(buffer / poolSlabBuffers) | 0]!;
    target.set(new Uint8Array(slab, this.regionOffset(buffer, offset), length), at);
  }

  /** Region of the slab that a buffer lies in. */
  region(buffer: number): number {
    return regionPool + ((buffer / poolSlabBuffers) | 0);
  }

  /** Offset of a piece within that region. */
  regionOffset(buffer: number, offset: number): number {
    return (buffer % poolSlabBuffers) * poolBufferBytes + offset;
  }
}
