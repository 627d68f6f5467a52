import { checkLimit } from '../arguments.ts';
import type { Awaitable } from '../tasks/awaitable.ts';
import { BlockingOperation } from './blocking-operation.ts';
import { ClosedResourceError, EndOfChannel, WouldBlock } from './channel-errors.ts';
import { ChannelState, type MemoryChannelStatistics, type Receiver, type Sender } from './channel-state.ts';

/**
 * Opens a channel that hands values from tasks to tasks. Semantics of `trio.open_memory_channel`, except that an
 * operation which need not wait doesn't suspend. Like there, each end can be cloned, closing the last sending end
 * ends the receivers' loops, and `send` and `receive` either happen or are cancelled: a cancellation that comes when the
 * value has already changed hands is delivered where the task next waits.
 *
 * @param maxBufferSize how many values may wait in the channel; 0: every sender waits for a receiver; Infinity: no bound
 * @throws RangeError or TypeError when that is neither a whole number from 0 on nor Infinity
 */
export function openMemoryChannel<T>(
  maxBufferSize: number,
): [send: MemorySendChannel<T>, receive: MemoryReceiveChannel<T>] {
  checkLimit('maxBufferSize', maxBufferSize, 0);
  const state = new ChannelState<T>(maxBufferSize);
  return [new MemorySendChannel(state), new MemoryReceiveChannel(state)];
}

/** The end of a memory channel that takes values. `using` closes it. */
export class MemorySendChannel<T> implements Disposable {
  readonly #state: ChannelState<T>;
  #closed = false;

  /** @internal */
  constructor(state: ChannelState<T>) {
    this.#state = state;
    state.openSendChannels += 1;
  }

  /**
   * Sends a value: waits until it is in the buffer or with a receiver.
   * @throws ClosedResourceError when this end is closed, also while waiting
   * @throws BrokenResourceError when all receiving ends are closed, also while waiting
   */
  send(value: T): Awaitable<void> {
    return new Send(this, this.#state, value);
  }

  /**
   * Sends a value now.
   * @throws WouldBlock when the buffer is full and no receiver waits
   * @throws ClosedResourceError when this end is closed
   * @throws BrokenResourceError when all receiving ends are closed
   */
  sendNowait(value: T): void {
    if (!this.offer(value)) throw new WouldBlock();
  }

  /**
   * Another sending end of the same channel, closed independently of this one: one for each producer, so that the
   * receivers' loops end when the last producer is done.
   * @throws ClosedResourceError when this end is closed
   */
  clone(): MemorySendChannel<T> {
    if (this.#closed) throw new ClosedResourceError();
    return new MemorySendChannel(this.#state);
  }

  /** Closes this end, once: who waits to send through it gets a ClosedResourceError. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#state.sendChannelClosed(this);
  }

  /** `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Numbers about the whole channel. */
  statistics(): MemoryChannelStatistics {
    return this.#state.statistics();
  }

  /** @internal */
  offer(value: T): boolean {
    if (this.#closed) throw new ClosedResourceError();
    return this.#state.offer(value);
  }
}

/** The end of a memory channel that gives values, each to one receiver. `for await` receives until the end. */
export class MemoryReceiveChannel<T> implements Disposable {
  readonly #state: ChannelState<T>;
  #closed = false;

  /** @internal */
  constructor(state: ChannelState<T>) {
    this.#state = state;
    state.openReceiveChannels += 1;
  }

  /**
   * Receives a value, waiting for one if need be.
   * @throws EndOfChannel when nothing is left and all sending ends are closed, also while waiting
   * @throws ClosedResourceError when this end is closed, also while waiting
   */
  receive(): Awaitable<T> {
    return new Receive(this, this.#state);
  }

  /**
   * Receives a value now.
   * @throws WouldBlock when there is none
   * @throws EndOfChannel when nothing is left and all sending ends are closed
   * @throws ClosedResourceError when this end is closed
   */
  receiveNowait(): T {
    if (!this.hasValue()) throw new WouldBlock();
    return this.#state.take();
  }

  /**
   * Another receiving end of the same channel, closed independently of this one. Each value still goes to one receiver.
   * @throws ClosedResourceError when this end is closed
   */
  clone(): MemoryReceiveChannel<T> {
    if (this.#closed) throw new ClosedResourceError();
    return new MemoryReceiveChannel(this.#state);
  }

  /**
   * Closes this end, once: who waits to receive through it gets a ClosedResourceError. With the last one, values still
   * in the buffer are dropped and senders get a BrokenResourceError.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#state.receiveChannelClosed(this);
  }

  /** `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Numbers about the whole channel. */
  statistics(): MemoryChannelStatistics {
    return this.#state.statistics();
  }

  /** Receives value after value; ends when all sending ends are closed. Leaving the loop early closes nothing. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      let value: T;
      try {
        value = await this.receive();
      } catch (error) {
        if (error instanceof EndOfChannel) return;
        throw error;
      }
      yield value;
    }
  }

  /** @internal */
  hasValue(): boolean {
    if (this.#closed) throw new ClosedResourceError();
    return this.#state.hasValue();
  }
}

class Send<T> extends BlockingOperation<void, Sender<T>> {
  readonly #end: MemorySendChannel<T>;
  readonly #state: ChannelState<T>;
  readonly #value: T;

  constructor(end: MemorySendChannel<T>, state: ChannelState<T>, value: T) {
    super();
    this.#end = end;
    this.#state = state;
    this.#value = value;
  }

  protected override begin(): Sender<T> | null {
    return this.#end.offer(this.#value) ? null : this.#state.waitToSend(this.#end, this.#value);
  }

  protected override interrupted(sender: Sender<T>): void {
    this.#state.giveUpSending(sender);
  }

  protected override isSettled(sender: Sender<T>): boolean {
    return sender.done() && !sender.cancelled();
  }

  protected override finish(sender: Sender<T> | null): void {
    if (sender !== null && sender.error !== null) throw sender.error;
  }
}

class Receive<T> extends BlockingOperation<T, Receiver<T>> {
  readonly #end: MemoryReceiveChannel<T>;
  readonly #state: ChannelState<T>;

  constructor(end: MemoryReceiveChannel<T>, state: ChannelState<T>) {
    super();
    this.#end = end;
    this.#state = state;
  }

  protected override begin(): Receiver<T> | null {
    return this.#end.hasValue() ? null : this.#state.waitToReceive(this.#end);
  }

  protected override interrupted(receiver: Receiver<T>): void {
    this.#state.giveUpReceiving(receiver);
  }

  protected override isSettled(receiver: Receiver<T>): boolean {
    return receiver.done() && !receiver.cancelled();
  }

  protected override finish(receiver: Receiver<T> | null): T {
    if (receiver === null) return this.#state.take();
    if (receiver.error !== null) throw receiver.error;
    return receiver.received as T;
  }
}
