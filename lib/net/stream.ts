import { argumentType, checkCount } from '../arguments.ts';
import { errno, systemError } from '../native/errors.ts';
import { opcode } from '../native/layout.ts';
import { addon } from '../native/load.ts';
import type { NativePoller } from '../scheduler/native-poller.ts';
import type { OperationHandler } from '../scheduler/operations.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { Awaitable } from '../tasks/awaitable.ts';
import { Future, futureFlag } from '../tasks/future.ts';
import type { SocketAddress } from './address.ts';
import { BorrowedChunk } from './chunk.ts';
import { Borrow, ReadExactly, ReadInto, ReadLine, ReadSome, ReadUntil } from './reads.ts';
import { Receiver } from './receiver.ts';
import { Sender, type SendWaiter } from './sender.ts';
import { settledFailure, settledVoid } from './settled.ts';
import { streamClosed, writeAfterEnd } from './stream-errors.ts';

/** Longest line, and most bytes before a separator, unless the stream was opened with another `limit` (asyncio's). */
export const defaultLimit = 64 * 1024;

/**
 * A connected TCP socket: one duplex object for what asyncio splits into a reader and a writer.
 *
 * One task at a time may read, and any number may write. Reading begins when the read is awaited; `write`, `end`,
 * `close` and `abort` act at once, awaited or not.
 */
export class Stream implements AsyncDisposable {
  private readonly poller: NativePoller;
  private readonly receiver: Receiver;
  private readonly sender: Sender;
  private ending = false;
  private closing = false;
  private closed = false;
  private readonly closeWaiters: SendWaiter[] = [];
  private local: SocketAddress | undefined;
  private remote: SocketAddress | undefined;

  /** Streams come from `openConnection` and `startServer`. @internal */
  constructor(
    private readonly scheduler: Scheduler,
    private readonly fd: number,
    private readonly limit: number,
    /** Told once the descriptor is closed. */
    private readonly onClosed?: (stream: Stream) => void,
  ) {
    this.poller = scheduler.poller as NativePoller;
    this.poller.descriptors.add(fd);
    this.receiver = new Receiver(this.poller, fd);
    this.sender = new Sender(this.poller, fd);
    this.receiver.arm();
  }

  /**
   * Reads what is there, at least one byte, waiting for it if necessary; null at the end of the stream. The buffer
   * is the caller's.
   *
   * @param max most bytes to return (default: all that is there).
   * @throws the system error that broke the connection, after the bytes received before it; an error with code
   *   `ERR_STREAM_DESTROYED` after `close()`, and `ERR_CONCURRENT_READ` while another read waits.
   */
  read(max: number = Infinity): Awaitable<Buffer | null> {
    if (max !== Infinity) checkCount('max', max, 1);
    return new ReadSome(this.scheduler, this.receiver, max);
  }

  /** Reads what is there into `target`; resolves to the number of bytes, 0 at the end of the stream. Throws as `read`. */
  readInto(target: Uint8Array): Awaitable<number> {
    if (!(target instanceof Uint8Array)) throw argumentType('target', 'Uint8Array', target);
    checkCount('target.length', target.length, 1);
    return new ReadInto(this.scheduler, this.receiver, target);
  }

  /**
   * Reads exactly `count` bytes.
   *
   * @throws IncompleteReadError, with what there was, when the stream ends before; otherwise as `read`.
   */
  readExactly(count: number): Awaitable<Buffer> {
    checkCount('count', count, 0);
    return new ReadExactly(this.scheduler, this.receiver, count);
  }

  /**
   * Reads up to and with `separator`.
   *
   * @throws LimitOverrunError when more than the stream's limit precedes it (the bytes stay), IncompleteReadError
   *   when the stream ends before; otherwise as `read`.
   */
  readUntil(separator: Uint8Array | string): Awaitable<Buffer> {
    const bytes = typeof separator === 'string' ? Buffer.from(separator) : separator;
    if (!(bytes instanceof Uint8Array)) throw argumentType('separator', 'string or Uint8Array', separator);
    checkCount('separator.length', bytes.length, 1);
    return new ReadUntil(this.scheduler, this.receiver, { separator: bytes, limit: this.limit });
  }

  /**
   * Reads a line with its newline; the last line may lack it; null at the end of the stream.
   *
   * @throws LimitOverrunError when the line is longer than the stream's limit (it is consumed, as in asyncio);
   *   otherwise as `read`.
   */
  readLine(): Awaitable<Buffer | null> {
    return new ReadLine(this.scheduler, this.receiver, this.limit);
  }

  /**
   * Reads without copying: a view of the receive pool that `write` can send on as it is. Null at the end of the
   * stream. Dispose of the chunk soon (`using`, or `write` it). Throws as `read`.
   */
  borrow(): Awaitable<BorrowedChunk | null> {
    return new Borrow(this.scheduler, this.receiver, undefined);
  }

  /**
   * Sends data. They are accepted at once and in order; the result resolves when the caller may write more: at once
   * while less than 64 KiB are unsent, otherwise when the peer has taken enough of them. Data of more than 16 KiB
   * are not copied: leave their memory alone until the result resolves. A borrowed chunk is disposed of.
   *
   * @throws (through the result) the system error that broke the connection; an error with code
   *   `ERR_STREAM_WRITE_AFTER_END` after `end()` or `ERR_STREAM_DESTROYED` after `close()`.
   */
  write(data: Uint8Array | string | BorrowedChunk): Awaitable<void> {
    const { sender } = this;
    if (this.ending || this.isOver || sender.error !== null) return this.refuse(data);
    if (data instanceof BorrowedChunk) {
      if (data.disposed) void data.bytes; // throws
      const { pool } = this.poller;
      if (data.length > 0 && (!data.liesIn(pool) || pool.scarce)) {
        const copy = Buffer.from(data.bytes);
        data.dispose();
        data = copy;
      }
    }
    if (data instanceof BorrowedChunk) sender.writeChunk(data);
    else {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      if (!(bytes instanceof Uint8Array))
        throw argumentType('data', 'string, Uint8Array or BorrowedChunk', data);
      if (sender.needsPin(bytes.length)) {
        const sent = new SendFuture(this.scheduler);
        // Shared memory cannot be pinned.
        sender.writePinned(bytes.buffer instanceof ArrayBuffer ? bytes : Buffer.from(bytes), sent);
        return sent;
      }
      sender.writeCopy(bytes);
    }
    if (!sender.congested) return settledVoid;
    const drained = new SendFuture(this.scheduler);
    sender.whenDrained(drained);
    return drained;
  }

  private refuse(data: Uint8Array | string | BorrowedChunk): Awaitable<void> {
    if (data instanceof BorrowedChunk) data.dispose();
    if (this.sender.error !== null) return settledFailure(this.sender.error);
    return settledFailure(this.isOver ? streamClosed('write') : writeAfterEnd());
  }

  /**
   * Half-close: sends what has been written, then the end of the stream. Reading goes on. Idempotent.
   *
   * @throws (through the result) the system error that broke the connection.
   */
  end(): Awaitable<void> {
    const done = new SendFuture(this.scheduler);
    if (this.scheduler.isClosed) {
      done.settle(streamClosed('write'));
      return done;
    }
    if (this.closing || this.ending) {
      this.sender.whenFlushed(done);
      return done;
    }
    this.ending = true;
    this.sender.whenFlushed({
      settle: (error) => {
        if (error !== null || this.closed) done.settle(error);
        else this.poller.operations.start(opcode.shutdown, new ShutdownDone(done), this.fd, 0, 0, 0, 1);
      },
    });
    return done;
  }

  /**
   * Sends what has been written, then closes. A read that waits gets the end of the stream, as in asyncio; unread
   * data are dropped. Resolves when the descriptor is closed, also when the connection broke before. Idempotent.
   */
  close(): Awaitable<void> {
    const done = new SendFuture(this.scheduler);
    if (this.closed || this.scheduler.isClosed) {
      done.settle(null);
      return done;
    }
    this.closeWaiters.push(done);
    if (!this.closing) {
      this.closing = true;
      this.receiver.close(null);
      this.sender.whenFlushed({ settle: () => this.release() });
    }
    return done;
  }

  /** Closes at once: what has not been sent is dropped, and everything that waits fails. Idempotent. */
  abort(): void {
    if (this.closed || this.scheduler.isClosed) return;
    this.closing = true;
    this.receiver.close(streamClosed('read'));
    this.sender.fail(streamClosed('write'));
    this.release();
  }

  private released = false;

  /** Submits the close of the descriptor, which also cancels what is in flight on it. */
  private release(): void {
    if (this.released) return;
    this.released = true;
    const handler: OperationHandler = {
      complete: () => {
        this.closed = true;
        for (const waiter of this.closeWaiters.splice(0)) waiter.settle(null);
        this.onClosed?.(this);
      },
    };
    this.poller.closeDescriptor(this.fd, handler);
  }

  /** True for the system error that broke this connection. @internal */
  brokeWith(error: unknown): boolean {
    return error !== null && !this.closing && (error === this.receiver.error || error === this.sender.error);
  }

  /** True after `close()` or `abort()`, and once the loop is closed. */
  get isClosing(): boolean {
    return this.isOver;
  }

  private get isOver(): boolean {
    return this.closing || this.scheduler.isClosed;
  }

  /** False once the number may be somebody else's. */
  private get ownsDescriptor(): boolean {
    return !this.released && !this.scheduler.isClosed;
  }

  /** Bytes received so far, read or not. */
  get bytesRead(): number {
    return this.receiver.total;
  }

  /** Bytes handed to the kernel so far. */
  get bytesWritten(): number {
    return this.sender.total;
  }

  /** This end's address; undefined once the stream is closed, unless it was asked for before. */
  get localAddress(): SocketAddress | undefined {
    if (this.local === undefined && this.ownsDescriptor) this.local = addon.localAddress(this.fd);
    return this.local;
  }

  /** The peer's address; undefined when the connection is gone, unless it was asked for before. */
  get remoteAddress(): SocketAddress | undefined {
    if (this.remote === undefined && this.ownsDescriptor) {
      try {
        this.remote = addon.remoteAddress(this.fd);
      } catch {
        return undefined;
      }
    }
    return this.remote;
  }

  /** Chunks as they arrive, to the end of the stream. Leaving the loop early leaves the stream open. */
  async *[Symbol.asyncIterator](): AsyncIterator<Buffer> {
    for (;;) {
      const chunk = await this.read();
      if (chunk === null) return;
      yield chunk;
    }
  }

  /** `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** A future that a sender settles. */
class SendFuture extends Future<void> implements SendWaiter {
  settle(error: Error | null): void {
    if (this.done()) return;
    if (error === null) this.setResult(undefined);
    else {
      this.setException(error);
      // The stream tells its next reader or writer too; a write that nobody awaits need not be reported.
      this.flags &= ~futureFlag.unretrieved;
    }
  }
}

/** The end of a shutdown; a connection that is gone, or that a close has overtaken, needs none. */
class ShutdownDone implements OperationHandler {
  constructor(private readonly done: SendFuture) {}

  complete(result: number): void {
    const needless = result === errno.ENOTCONN || result === errno.ECANCELED;
    this.done.settle(result < 0 && !needless ? systemError(result, 'shutdown') : null);
  }
}
