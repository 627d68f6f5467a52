import type { Scheduler } from '../scheduler/scheduler.ts';
import { Future, futureFlag } from '../tasks/future.ts';
import type { ReadWaiter, Receiver } from './receiver.ts';
import { concurrentRead, streamClosed } from './stream-errors.ts';

/**
 * One read: begins when it is awaited, and takes its bytes only at the moment the reader goes on with them. Until
 * then they stay in the stream's queue, so a read that is cancelled, even one that had been woken already, loses
 * nothing.
 */
export abstract class ReadOperation<T, Goal = undefined> extends Future<T> implements ReadWaiter {
  private woken = false;
  private taken = false;

  constructor(
    scheduler: Scheduler,
    protected readonly receiver: Receiver,
    /** What is to be read: how much, up to what, or into what. */
    protected readonly goal: Goal,
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
      if (receiver.isClosed) throw streamClosed('read');
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

  override exception(): unknown {
    this.takeIfWoken();
    return super.exception();
  }

  override takeFailure(): { error: unknown } | null {
    this.takeIfWoken();
    return super.takeFailure();
  }

  /** Only taking the bytes tells whether there is an error in their place. */
  private takeIfWoken(): void {
    if (!this.woken || this.taken) return;
    try {
      this.result();
    } catch {
      // It is kept, see above.
    }
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
