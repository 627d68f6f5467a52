import { errno, systemError } from '../native/errors.ts';
import { flag, opcode } from '../native/layout.ts';
import type { NativePoller } from '../scheduler/native-poller.ts';
import type { OperationHandler } from '../scheduler/operations.ts';
import { BorrowedChunk } from './chunk.ts';

/** Unread bytes at which a stream stops receiving, and those at which it goes on. The peer waits meanwhile (TCP). */
export const receiveHighWater = 256 * 1024;
const receiveLowWater = receiveHighWater / 2;

/** Told when there is something to read: data, the end of the stream, or an error. */
export interface ReadWaiter {
  wake(): void;
  /** It has been woken, or cancelled. */
  done(): boolean;
}

/**
 * The receiving half of a connection: one multishot receive that fills pool buffers, and a queue of chunks nobody
 * has read yet. Reading is never tied to the kernel operation, so a cancelled read loses nothing.
 */
export class Receiver implements OperationHandler {
  /** Unread bytes. */
  length = 0;
  /** The peer has sent everything. */
  ended = false;
  /** What broke the connection. */
  error: Error | null = null;
  /** Bytes received since the start. */
  total = 0;
  waiter: ReadWaiter | null = null;
  /** More than the high-water mark is wanted at once, by a `readExactly` say. */
  wanted = 0;
  private head: BorrowedChunk | null = null;
  private tail: BorrowedChunk | null = null;
  /** Slot of the receive operation in flight, or -1. */
  private slot = -1;
  private pausing = false;
  private closed = false;

  constructor(
    private readonly poller: NativePoller,
    private readonly fd: number,
  ) {}

  /** Starts to receive, if it has not and there is room. */
  arm(): void {
    if (this.slot >= 0 || this.closed || this.finished) return;
    this.slot = this.poller.operations.start(opcode.receive, this, this.fd);
  }

  /** True when a read would not have to wait. */
  get readable(): boolean {
    return this.length > 0 || this.finished;
  }

  /** True once this side has closed the stream, or its loop. */
  get isClosed(): boolean {
    return this.closed || this.poller.isClosed;
  }

  /** True when nothing more will arrive. */
  get finished(): boolean {
    return this.ended || this.error !== null;
  }

  complete(result: number, flags: number): void {
    if ((flags & flag.more) === 0) {
      this.slot = -1;
      this.pausing = false;
    }
    if (result > 0) this.receive(result, flags);
    else if (result === 0) this.finish(null);
    else if (result === errno.ECANCELED) this.resume();
    else if (result === errno.ENOBUFS) this.starve();
    else this.finish(systemError(result, 'read'));
  }

  private receive(length: number, flags: number): void {
    const { pool } = this.poller;
    const buffer = flags >>> 16;
    const start = pool.take(buffer, length, (flags & flag.bufferMore) !== 0);
    if (this.closed) {
      pool.release(buffer);
      return;
    }
    const chunk = new BorrowedChunk(pool, buffer, start, length);
    this.total += length;
    this.length += length;
    if (this.tail === null) this.head = chunk;
    else this.tail.next = chunk;
    this.tail = chunk;
    this.waiter?.wake();
    // Unless somebody is about to take it, it must not keep its buffer from the others.
    if (pool.underPressure && (this.head !== chunk || this.waiter?.done() !== true)) chunk.leavePool();
    if (this.length >= this.limit) this.pause();
    else if (this.slot < 0) this.arm();
  }

  private finish(error: Error | null): void {
    if (error === null) this.ended = true;
    else this.error = error;
    this.waiter?.wake();
  }

  private get limit(): number {
    return Math.max(receiveHighWater, this.wanted);
  }

  private pause(): void {
    if (this.slot < 0 || this.pausing) return;
    this.pausing = true;
    this.poller.operations.cancel(this.slot);
  }

  /** The pool was dry: the bytes stay in the socket until buffers come back, which may have happened since. */
  private starve(): void {
    const { pool } = this.poller;
    if (pool.hasFree || pool.grow()) this.arm();
    else pool.whenReturned(this);
  }

  /** Goes on receiving if there is room for it; returns whether it does. */
  resume(): boolean {
    if (this.length < Math.max(receiveLowWater, this.wanted)) this.arm();
    return this.slot >= 0;
  }

  /** Takes the oldest chunk, or null when nothing is queued. */
  shift(): BorrowedChunk | null {
    const chunk = this.head;
    if (chunk === null) return null;
    this.head = chunk.next;
    if (this.head === null) this.tail = null;
    chunk.next = null;
    this.length -= chunk.length;
    if (this.slot < 0) this.resume();
    return chunk;
  }

  /** Copies up to `target.length` of the oldest bytes; returns how many. */
  copyInto(target: Uint8Array): number {
    let copied = 0;
    while (copied < target.length && this.head !== null) {
      const room = target.length - copied;
      const { head } = this;
      if (head.length <= room) {
        head.copyFirst(head.length, target, copied);
        copied += head.length;
        this.shift()!.dispose();
      } else {
        head.copyFirst(room, target, copied);
        head.skip(room);
        this.length -= room;
        copied += room;
        if (this.poller.pool.underPressure) head.leavePool();
      }
    }
    if (this.slot < 0) this.resume();
    return copied;
  }

  /** Drops the oldest `count` bytes. */
  discard(count: number): void {
    while (count > 0 && this.head !== null) {
      const { head } = this;
      if (head.length <= count) {
        count -= head.length;
        this.shift()!.dispose();
      } else {
        head.skip(count);
        this.length -= count;
        count = 0;
      }
    }
  }

  /** Where `separator` ends among the unread bytes, looking from byte `from`; -1 when it is not there. */
  indexAfter(separator: Uint8Array, from: number): number {
    if (this.head === null) return -1;
    if (separator.length > 1 && this.head !== this.tail) this.joinChunks();
    let base = 0;
    for (let chunk: BorrowedChunk | null = this.head; chunk !== null; chunk = chunk.next) {
      if (base + chunk.length > from) {
        const found = chunk.bytes.indexOf(separator, Math.max(0, from - base));
        if (found >= 0) return base + found + separator.length;
      }
      base += chunk.length;
    }
    return -1;
  }

  /** Makes one chunk of all, so that a separator cannot lie across two. */
  private joinChunks(): void {
    const { length } = this;
    const joined = Buffer.allocUnsafeSlow(length);
    let at = 0;
    for (let chunk = this.head; chunk !== null; chunk = chunk.next) {
      joined.set(chunk.bytes, at);
      at += chunk.length;
      chunk.dispose();
    }
    this.head = this.tail = new BorrowedChunk(this.poller.pool, -1, 0, length, joined);
  }

  /**
   * No operation will be started any more; what is queued or still arrives is dropped. A read that waits fails with
   * `error`, or gets the end of the stream.
   */
  close(error: Error | null): void {
    this.closed = true;
    while (this.head !== null) {
      this.head.dispose();
      this.head = this.head.next;
    }
    this.tail = null;
    this.length = 0;
    this.finish(error);
  }
}
