import { Arena } from '../native/arena.ts';
import { systemError } from '../native/errors.ts';
import { layout, opcode } from '../native/layout.ts';
import type { NativePoller } from '../scheduler/native-poller.ts';
import type { OperationHandler } from '../scheduler/operations.ts';
import type { BorrowedChunk } from './chunk.ts';

/** Unsent bytes above which a writer has to wait, and those at which it may go on (asyncio's limits). */
export const sendHighWater = 64 * 1024;
const sendLowWater = sendHighWater / 4;

/** Queued small writes are gathered in blocks of this size. */
const gatherBytes = 4096;

/** Where the bytes of one send lie, and what has to be given back after it. */
enum Memory {
  none,
  arena,
  pool,
  pinned,
}

/** Data that wait for the send in flight: a block of the arena, a chunk of the pool, or memory of the user. */
interface Piece {
  memory: Memory.arena | Memory.pool | Memory.pinned;
  region: number;
  offset: number;
  length: number;
  /** arena: size of the block; pool: the buffer. */
  hold: number;
  /** pinned: the memory. */
  view: Uint8Array | null;
  /** pinned: told when the kernel no longer needs it. */
  sent: SendWaiter | null;
}

/** Told once that all bytes so far are out, or why they never will be. */
export interface SendWaiter {
  /** `error` is null when the bytes have been sent. */
  settle(error: Error | null): void;
}

/**
 * The sending half of a connection: one send in flight, a queue behind it. Small data are copied when they are
 * written, large data stay where they are until the kernel has taken them.
 */
export class Sender implements OperationHandler {
  /** What broke the connection. */
  error: Error | null = null;
  /** Bytes accepted and not yet handed to the kernel. */
  unsent = 0;
  /** Bytes the kernel has taken. */
  total = 0;
  private memory: Memory = Memory.none;
  private offset = 0;
  private length = 0;
  private hold = 0;
  private sent: SendWaiter | null = null;
  private queue: Piece[] = [];
  private readonly drainWaiters: SendWaiter[] = [];
  private readonly flushWaiters: SendWaiter[] = [];

  constructor(
    private readonly poller: NativePoller,
    private readonly fd: number,
  ) {}

  get idle(): boolean {
    return this.memory === Memory.none;
  }

  /** True when a writer should wait before it writes more. */
  get congested(): boolean {
    return this.unsent > sendHighWater;
  }

  /** Accepts a chunk that lies in this loop's receive pool; it counts as disposed of. */
  writeChunk(chunk: BorrowedChunk): void {
    const { region, regionOffset, length, poolBuffer } = chunk;
    chunk.surrender();
    this.accept(Memory.pool, region, regionOffset, length, poolBuffer, null, null);
  }

  /** True when that many bytes are too many to copy. */
  needsPin(length: number): boolean {
    return length > Arena.largestBlock;
  }

  /** Accepts few bytes, by copying them. */
  writeCopy(data: Uint8Array): void {
    const { length } = data;
    if (length === 0) return;
    if (this.memory !== Memory.none && this.gather(data)) return;
    const { arena } = this.poller;
    const size = this.memory === Memory.none ? length : Math.max(length, gatherBytes);
    const offset = arena.allocate(size);
    if (offset >= 0) {
      arena.view.set(data, offset);
      this.accept(Memory.arena, layout.regionArena, offset, length, size, null, null);
    } else this.accept(Memory.pinned, 0, 0, length, 0, Uint8Array.from(data), null);
  }

  /** Accepts many bytes, where they are; `sent` is told when the kernel no longer needs their memory. */
  writePinned(data: Uint8Array, sent: SendWaiter): void {
    this.accept(Memory.pinned, 0, 0, data.length, 0, data, sent);
  }

  /** Appends to the last queued block if there is room. */
  private gather(data: Uint8Array): boolean {
    const last = this.queue[this.queue.length - 1];
    if (last === undefined || last.memory !== Memory.arena || last.length + data.length > last.hold)
      return false;
    this.poller.arena.view.set(data, last.offset + last.length);
    last.length += data.length;
    this.unsent += data.length;
    return true;
  }

  private accept(
    memory: Piece['memory'],
    region: number,
    offset: number,
    length: number,
    hold: number,
    view: Uint8Array | null,
    sent: SendWaiter | null,
  ): void {
    this.unsent += length;
    if (this.memory === Memory.none) this.send(memory, region, offset, length, hold, view, sent);
    else this.queue.push({ memory, region, offset, length, hold, view, sent });
  }

  private send(
    memory: Piece['memory'],
    region: number,
    offset: number,
    length: number,
    hold: number,
    view: Uint8Array | null,
    sent: SendWaiter | null,
  ): void {
    if (memory === Memory.pinned) {
      try {
        region = hold = this.poller.core.pin(view!);
      } catch (error) {
        this.fail(error as Error, sent);
        return;
      }
    }
    this.memory = memory;
    this.offset = offset;
    this.length = length;
    this.sent = sent;
    this.hold = hold;
    this.poller.operations.start(opcode.send, this, this.fd, region, offset, length);
  }

  complete(result: number): void {
    this.giveBack(this.memory, this.offset, this.hold);
    this.memory = Memory.none;
    const { sent } = this;
    this.sent = null;
    if (result < 0) {
      this.fail(systemError(result, 'write'), sent);
      return;
    }
    this.total += this.length;
    this.unsent -= this.length;
    const next = this.queue.shift();
    if (next !== undefined) {
      this.send(next.memory, next.region, next.offset, next.length, next.hold, next.view, next.sent);
    }
    sent?.settle(null);
    if (this.drainWaiters.length > 0 && this.unsent <= sendLowWater) settleAll(this.drainWaiters, null);
    if (this.flushWaiters.length > 0 && this.unsent === 0) settleAll(this.flushWaiters, null);
  }

  private giveBack(memory: Memory, offset: number, hold: number): void {
    if (memory === Memory.arena) this.poller.arena.release(offset, hold);
    else if (memory === Memory.pool) this.poller.pool.release(hold);
    else if (memory === Memory.pinned) this.poller.core.unpin(hold);
  }

  /** Drops what is queued (not what is in flight) and tells everybody who waits what broke the connection first. */
  fail(cause: Error, sent: SendWaiter | null = null): void {
    this.error ??= cause;
    const { queue, error } = this;
    this.queue = [];
    sent?.settle(error);
    for (const piece of queue) {
      if (piece.memory !== Memory.pinned) this.giveBack(piece.memory, piece.offset, piece.hold);
      piece.sent?.settle(error);
    }
    this.unsent = this.memory === Memory.none ? 0 : this.length;
    settleAll(this.drainWaiters, error);
    settleAll(this.flushWaiters, error);
  }

  /** Tells the waiter when few enough bytes are unsent. */
  whenDrained(waiter: SendWaiter): void {
    this.drainWaiters.push(waiter);
  }

  /** Tells the waiter when nothing is unsent. */
  whenFlushed(waiter: SendWaiter): void {
    if (this.error !== null) waiter.settle(this.error);
    else if (this.unsent === 0) waiter.settle(null);
    else this.flushWaiters.push(waiter);
  }
}

function settleAll(waiters: SendWaiter[], error: Error | null): void {
  for (const waiter of waiters.splice(0)) waiter.settle(error);
}
