import type { Scheduler } from '../scheduler/scheduler.ts';
import { IncompleteReadError, LimitOverrunError } from '../tasks/errors.ts';
import { Future, futureFlag } from '../tasks/future.ts';
import type { BorrowedChunk } from './chunk.ts';
import { readMemory } from './read-memory.ts';
import type { ReadWaiter, Receiver } from './receiver.ts';
import { concurrentRead } from './stream-errors.ts';

/**
 * One read: begins when it is awaited, and takes its bytes only at the moment the reader goes on with them. Until
 * then they stay in the stream's queue, so a read that is cancelled, even one that had been woken already, loses
 * nothing.
 */
export abstract class ReadOperation<T> extends Future<T> implements ReadWaiter {
  private woken = false;
  private taken = false;

  constructor(
    scheduler: Scheduler,
    protected readonly receiver: Receiver,
    private readonly checkOpen: () => void,
  ) {
    super(scheduler);
  }

  /** True when the read need not wait any longer. */
  protected abstract satisfied(): boolean;
  /** Takes the bytes, or throws what ended the stream. */
  protected abstract take(): T;
  /** Bytes that must fit into the queue for the read to be satisfied. */
  protected wanted(): number {
    return 0;
  }

  protected override start(): void {
    const { receiver } = this;
    try {
      this.checkOpen();
      // A waiter that was woken and is still there has been cancelled since: it has taken nothing.
      if (receiver.waiter !== null && !receiver.waiter.done()) throw concurrentRead();
    } catch (error) {
      this.setException(error);
      return;
    }
    receiver.waiter = this;
    receiver.wanted = this.wanted();
    this.wake();
    if (!this.woken) receiver.resume();
  }

  /** There is something new in the queue. */
  wake(): void {
    if (this.done() || !this.satisfied()) return;
    this.woken = true;
    this.setResult(undefined as T);
  }

  override result(): T {
    if (!this.woken || this.taken) return super.result();
    this.taken = true;
    this.leave();
    try {
      if (!this.satisfied()) throw concurrentRead();
      const taken = this.take();
      this.value = taken;
      return taken;
    } catch (error) {
      // Whoever asks again gets the same answer.
      this.flags = (this.flags & ~futureFlag.state) | futureFlag.error;
      this.value = error;
      throw error;
    }
  }

  /** Only taking the bytes tells whether there is an error in their place. */
  override exception(): unknown {
    if (this.woken && !this.taken) {
      try {
        this.result();
      } catch {
        // It is kept, see above.
      }
    }
    return super.exception();
  }

  /** The reader's task was cancelled. */
  override throw(error: unknown): never {
    this.leave();
    throw error;
  }

  protected override onCancel(): void {
    this.leave();
  }

  private leave(): void {
    if (this.receiver.waiter !== this) return;
    this.receiver.waiter = null;
    this.receiver.wanted = 0;
  }
}

/** `read(max)`: whatever is there. */
export class ReadSome extends ReadOperation<Buffer | null> {
  constructor(
    scheduler: Scheduler,
    receiver: Receiver,
    checkOpen: () => void,
    private readonly max: number,
  ) {
    super(scheduler, receiver, checkOpen);
  }

  protected satisfied(): boolean {
    return this.receiver.readable;
  }

  protected take(): Buffer | null {
    return takeSome(this.receiver, this.max);
  }
}

/** `readInto(target)`. */
export class ReadInto extends ReadOperation<number> {
  constructor(
    scheduler: Scheduler,
    receiver: Receiver,
    checkOpen: () => void,
    private readonly target: Uint8Array,
  ) {
    super(scheduler, receiver, checkOpen);
  }

  protected satisfied(): boolean {
    return this.receiver.readable;
  }

  protected take(): number {
    if (this.receiver.length === 0) throwIfBroken(this.receiver);
    return this.receiver.copyInto(this.target);
  }
}

/** `borrow()`. */
export class Borrow extends ReadOperation<BorrowedChunk | null> {
  protected satisfied(): boolean {
    return this.receiver.readable;
  }

  protected take(): BorrowedChunk | null {
    const chunk = this.receiver.shift();
    if (chunk === null) throwIfBroken(this.receiver);
    return chunk;
  }
}

/** `readExactly(count)`. */
export class ReadExactly extends ReadOperation<Buffer> {
  constructor(
    scheduler: Scheduler,
    receiver: Receiver,
    checkOpen: () => void,
    private readonly count: number,
  ) {
    super(scheduler, receiver, checkOpen);
  }

  protected override wanted(): number {
    return this.count;
  }

  protected satisfied(): boolean {
    return this.receiver.length >= this.count || this.receiver.finished;
  }

  protected take(): Buffer {
    const { receiver, count } = this;
    if (receiver.length >= count) return takeExactly(receiver, count);
    throwIfBroken(receiver);
    throw new IncompleteReadError(takeExactly(receiver, receiver.length), count);
  }
}

/** `readUntil(separator)` and, with the end of the stream as a second end of line, `readLine()`. */
export class ReadUntil extends ReadOperation<Buffer> {
  private searched = 0;
  private end = -1;

  constructor(
    scheduler: Scheduler,
    receiver: Receiver,
    checkOpen: () => void,
    private readonly separator: Uint8Array,
    private readonly limit: number,
  ) {
    super(scheduler, receiver, checkOpen);
  }

  protected override wanted(): number {
    return this.limit + 1;
  }

  protected satisfied(): boolean {
    const { receiver, separator } = this;
    if (this.end < 0) {
      this.end = receiver.indexAfter(separator, this.searched);
      this.searched = Math.max(0, receiver.length - separator.length + 1);
    }
    return this.end >= 0 || receiver.length > this.limit || receiver.finished;
  }

  protected take(): Buffer {
    const { receiver, end, limit } = this;
    if (end >= 0 && end - this.separator.length <= limit) return takeExactly(receiver, end);
    if (end >= 0) throw new LimitOverrunError('Separator is found, but chunk is longer than limit', end);
    if (receiver.length > limit) {
      throw new LimitOverrunError('Separator is not found, and chunk exceed the limit', receiver.length);
    }
    throwIfBroken(receiver);
    throw new IncompleteReadError(takeExactly(receiver, receiver.length), null);
  }
}

/** `readLine()`: the bytes up to and with the newline; at the end of the stream what is left, then null. */
export class ReadLine extends ReadOperation<Buffer | null> {
  private searched = 0;
  private end = -1;
  private static readonly newline = Uint8Array.of(10);

  constructor(
    scheduler: Scheduler,
    receiver: Receiver,
    checkOpen: () => void,
    private readonly limit: number,
  ) {
    super(scheduler, receiver, checkOpen);
  }

  protected override wanted(): number {
    return this.limit + 1;
  }

  protected satisfied(): boolean {
    const { receiver } = this;
    if (this.end < 0) {
      this.end = receiver.indexAfter(ReadLine.newline, this.searched);
      this.searched = receiver.length;
    }
    return this.end >= 0 || receiver.length > this.limit || receiver.finished;
  }

  protected take(): Buffer | null {
    const { receiver, end, limit } = this;
    if (end >= 0 && end - 1 <= limit) return takeExactly(receiver, end);
    // Too long a line is consumed, as in asyncio: the next call goes on behind it.
    if (end >= 0 || receiver.length > limit) {
      const consumed = end >= 0 ? end : receiver.length;
      receiver.discard(consumed);
      throw new LimitOverrunError(`line of more than ${limit} bytes`, consumed);
    }
    throwIfBroken(receiver);
    return receiver.length === 0 ? null : takeExactly(receiver, receiver.length);
  }
}

function takeSome(receiver: Receiver, max: number): Buffer | null {
  if (receiver.length === 0) {
    throwIfBroken(receiver);
    return null;
  }
  return takeExactly(receiver, Math.min(max, receiver.length));
}

function takeExactly(receiver: Receiver, count: number): Buffer {
  const bytes = readMemory(count);
  receiver.copyInto(bytes);
  return bytes;
}

function throwIfBroken(receiver: Receiver): void {
  if (receiver.error !== null) throw receiver.error;
}
