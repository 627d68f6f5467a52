import { IncompleteReadError, LimitOverrunError } from '../tasks/errors.ts';
import type { BorrowedChunk } from './chunk.ts';
import { readMemory } from './read-memory.ts';
import { ReadOperation } from './read-operation.ts';
import type { Receiver } from './receiver.ts';

/** `read(max)`: whatever is there. */
export class ReadSome extends ReadOperation<Buffer | null, number> {
  protected satisfied(): boolean {
    return this.receiver.readable;
  }

  protected take(): Buffer | null {
    return takeSome(this.receiver, this.goal);
  }
}

/** `readInto(target)`. */
export class ReadInto extends ReadOperation<number, Uint8Array> {
  protected satisfied(): boolean {
    return this.receiver.readable;
  }

  protected take(): number {
    if (this.receiver.length === 0) throwIfBroken(this.receiver);
    return this.receiver.copyInto(this.goal);
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
export class ReadExactly extends ReadOperation<Buffer, number> {
  protected override wanted(): number {
    return this.goal;
  }

  protected satisfied(): boolean {
    return this.receiver.length >= this.goal || this.receiver.finished;
  }

  protected take(): Buffer {
    const { receiver, goal: count } = this;
    if (receiver.length >= count) return takeExactly(receiver, count);
    throwIfBroken(receiver);
    throw new IncompleteReadError(takeExactly(receiver, receiver.length), count);
  }
}

/** `readUntil(separator)`. */
export class ReadUntil extends ReadOperation<Buffer, { separator: Uint8Array; limit: number }> {
  private searched = 0;
  private end = -1;

  protected override wanted(): number {
    return this.goal.limit + 1;
  }

  protected satisfied(): boolean {
    const { receiver, goal } = this;
    const { separator, limit } = goal;
    if (this.end < 0) {
      this.end = receiver.indexAfter(separator, this.searched);
      this.searched = Math.max(0, receiver.length - separator.length + 1);
    }
    return this.end >= 0 || receiver.length > limit || receiver.finished;
  }

  protected take(): Buffer {
    const { receiver, end, goal } = this;
    const { separator, limit } = goal;
    if (end >= 0 && end - separator.length <= limit) return takeExactly(receiver, end);
    if (end >= 0) throw new LimitOverrunError('Separator is found, but chunk is longer than limit', end);
    if (receiver.length > limit) {
      throw new LimitOverrunError('Separator is not found, and chunk exceed the limit', receiver.length);
    }
    throwIfBroken(receiver);
    throw new IncompleteReadError(takeExactly(receiver, receiver.length), null);
  }
}

/** `readLine()`: the bytes up to and with the newline; at the end of the stream what is left, then null. */
export class ReadLine extends ReadOperation<Buffer | null, number> {
  private searched = 0;
  private end = -1;
  private static readonly newline = Uint8Array.of(10);

  protected override wanted(): number {
    return this.goal + 1;
  }

  protected satisfied(): boolean {
    const { receiver } = this;
    if (this.end < 0) {
      this.end = receiver.indexAfter(ReadLine.newline, this.searched);
      this.searched = receiver.length;
    }
    return this.end >= 0 || receiver.length > this.goal || receiver.finished;
  }

  protected take(): Buffer | null {
    const { receiver, end, goal: limit } = this;
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
