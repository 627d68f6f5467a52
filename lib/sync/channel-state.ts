import type { Scheduler } from '../scheduler/scheduler.ts';
import { BrokenResourceError, ClosedResourceError, EndOfChannel } from './channel-errors.ts';
import { Deque } from './deque.ts';
import { LoopBound } from './loop-bound.ts';
import { Place, WaitingLine } from './place.ts';

/** What `statistics()` of either end reports about the whole channel. Names and meaning are trio's. */
export interface MemoryChannelStatistics {
  /** Values in the buffer. */
  readonly currentBufferUsed: number;
  /** Values that fit into the buffer; may be Infinity. */
  readonly maxBufferSize: number;
  /** Sending ends that are open, clones included. */
  readonly openSendChannels: number;
  /** Receiving ends that are open, clones included. */
  readonly openReceiveChannels: number;
  /** Tasks that wait in `send`, through any clone. */
  readonly tasksWaitingSend: number;
  /** Tasks that wait in `receive`, through any clone. */
  readonly tasksWaitingReceive: number;
}

/**
 * A place in one of a channel's two lines. What it waited for is settled, value or error, at the moment it is woken.
 * The owner is the end through which the task waits: closing that end wakes it.
 */
class ChannelPlace extends Place {
  error: Error | null = null;

  fail(error: Error): void {
    this.error = error;
    this.wake();
  }
}

/** A task in `send`, with what it sends. */
export class Sender<T> extends ChannelPlace {
  readonly sending: T;

  constructor(scheduler: Scheduler, end: object, value: T) {
    super(scheduler, end, 'send');
    this.sending = value;
  }
}

/** A task in `receive`; `received` is set when it is woken without an error. */
export class Receiver<T> extends ChannelPlace {
  received: T | undefined = undefined;

  constructor(scheduler: Scheduler, end: object) {
    super(scheduler, end, 'receive');
  }

  give(value: T): void {
    this.received = value;
    this.wake();
  }
}

/**
 * The part of a memory channel that all its ends share. Values move at the moment they can, not when the task that
 * waits for that runs: so the order of arrival is the order of service, and there is never a value in the buffer while
 * a receiver waits, nor room in it while a sender does.
 */
export class ChannelState<T> extends LoopBound {
  openSendChannels = 0;
  openReceiveChannels = 0;
  readonly maxBufferSize: number;
  #buffer = new Deque<T>();
  readonly #senders = new WaitingLine<Sender<T>>();
  readonly #receivers = new WaitingLine<Receiver<T>>();

  constructor(maxBufferSize: number) {
    super();
    this.maxBufferSize = maxBufferSize;
  }

  /** Hands a value to a waiting receiver or puts it into the buffer. False if neither is possible now. */
  offer(value: T): boolean {
    if (this.openReceiveChannels === 0) throw new BrokenResourceError();
    const receiver = this.#receivers.length > 0 ? this.#receivers.takeFirst() : null;
    if (receiver !== null) receiver.give(value);
    else if (this.#buffer.size < this.maxBufferSize) this.#buffer.push(value);
    else return false;
    return true;
  }

  /** Whether `take` would return a value now. */
  hasValue(): boolean {
    if (this.#buffer.size > 0) return true;
    for (const _ of this.#senders.pending()) return true;
    if (this.openSendChannels === 0) throw new EndOfChannel();
    return false;
  }

  /** The oldest value; a waiting sender's moves up into the buffer. The caller has asked `hasValue`. */
  take(): T {
    const sender = this.#senders.length > 0 ? this.#senders.takeFirst() : null;
    if (sender !== null) {
      // Without a buffer this makes it one place long for the moment.
      this.#buffer.push(sender.sending);
      sender.wake();
    }
    return this.#buffer.shift();
  }

  waitToSend(end: object, value: T): Sender<T> {
    const sender = new Sender(this.bindToLoop(), end, value);
    this.#senders.join(sender);
    return sender;
  }

  waitToReceive(end: object): Receiver<T> {
    const receiver = new Receiver<T>(this.bindToLoop(), end);
    this.#receivers.join(receiver);
    return receiver;
  }

  giveUpSending(sender: Sender<T>): void {
    this.#senders.leave(sender);
  }

  giveUpReceiving(receiver: Receiver<T>): void {
    this.#receivers.leave(receiver);
  }

  sendChannelClosed(end: object): void {
    failAll(this.#senders, (sender) => (sender.owner === end ? new ClosedResourceError() : null));
    this.openSendChannels -= 1;
    if (this.openSendChannels === 0) failAll(this.#receivers, () => new EndOfChannel());
  }

  receiveChannelClosed(end: object): void {
    failAll(this.#receivers, (receiver) => (receiver.owner === end ? new ClosedResourceError() : null));
    this.openReceiveChannels -= 1;
    if (this.openReceiveChannels > 0) return;
    failAll(this.#senders, () => new BrokenResourceError());
    this.#buffer = new Deque<T>();
  }

  statistics(): MemoryChannelStatistics {
    return {
      currentBufferUsed: this.#buffer.size,
      maxBufferSize: this.maxBufferSize,
      openSendChannels: this.openSendChannels,
      openReceiveChannels: this.openReceiveChannels,
      tasksWaitingSend: [...this.#senders.pending()].length,
      tasksWaitingReceive: [...this.#receivers.pending()].length,
    };
  }
}

function failAll<W extends ChannelPlace>(line: WaitingLine<W>, errorFor: (place: W) => Error | null): void {
  for (const place of line.pending()) {
    const error = errorFor(place);
    if (error === null) continue;
    line.leave(place);
    place.fail(error);
  }
}
