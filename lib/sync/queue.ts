import { argumentType, checkLimit, hasMethods } from '../arguments.ts';
import type { Awaitable } from '../tasks/awaitable.ts';
import { QueueEmpty, QueueFull, QueueShutDown } from '../tasks/errors.ts';
import { BlockingOperation } from './blocking-operation.ts';
import { Deque } from './deque.ts';
import { Event } from './event.ts';
import { LoopBound } from './loop-bound.ts';
import { Place, WaitingLine } from './place.ts';

/** Where a queue keeps its items; it decides which one `get()` gives next. `shift` is only called when `size > 0`. */
export interface ItemStore<T> {
  /** How many items are in it. */
  readonly size: number;
  /** Puts an item in. */
  push(item: T): void;
  /** Takes the next item out. */
  shift(): T;
}

/**
 * Hands items from producers to consumers, first in, first out, with a bound that makes producers wait.
 * Semantics of `asyncio.Queue` since Python 3.13. `for await (const item of queue)` ends when the queue is shut down
 * and empty.
 */
export class Queue<T> extends LoopBound {
  readonly #store: ItemStore<T>;
  readonly #maxsize: number;
  readonly #getters = new WaitingLine();
  readonly #putters = new WaitingLine();
  readonly #finished = new Event();
  #unfinished = 0;
  #isShutDown = false;

  /**
   * @param maxsize how many items fit; 0 or less: any number
   * @param store where items are kept, for other orders than first in, first out
   * @throws RangeError or TypeError for what is no whole number, or no store
   */
  constructor(maxsize = 0, store: ItemStore<T> = new Deque<T>()) {
    super();
    checkLimit('maxsize', maxsize, -Infinity);
    if (!hasMethods(store, 'push', 'shift') || typeof store.size !== 'number')
      throw argumentType('store', 'object with size, push and shift', store);
    this.#maxsize = maxsize;
    this.#store = store;
    this.#finished.set();
  }

  /** How many items fit; 0 or less: any number. */
  get maxsize(): number {
    return this.#maxsize;
  }

  /** How many items are in the queue. */
  qsize(): number {
    return this.#store.size;
  }

  /** Whether there is nothing to get. */
  empty(): boolean {
    return this.#store.size === 0;
  }

  /** Whether `maxsize` items are in the queue. */
  full(): boolean {
    return this.#maxsize > 0 && this.#store.size >= this.#maxsize;
  }

  /**
   * Adds an item, waiting for a free place if need be. Does not suspend when there is one.
   * @throws QueueShutDown when the queue is shut down, also while waiting
   */
  put(item: T): Awaitable<void> {
    return new Put(this, item);
  }

  /**
   * Adds an item now.
   * @throws QueueFull when there is no free place
   * @throws QueueShutDown when the queue is shut down
   */
  putNowait(item: T): void {
    if (this.#isShutDown) throw shutDown();
    if (this.full()) throw new QueueFull('The queue is full');
    this.#store.push(item);
    if (this.#unfinished === 0) this.#finished.clear();
    this.#unfinished += 1;
    if (this.#getters.length > 0) this.#getters.wakeFirst();
  }

  /**
   * Removes and returns an item, waiting for one if need be. Does not suspend when there is one.
   * @throws QueueShutDown when the queue is shut down and empty, also while waiting
   */
  get(): Awaitable<T> {
    return new Get(this);
  }

  /**
   * Removes and returns an item now.
   * @throws QueueEmpty when there is none
   * @throws QueueShutDown when there is none and the queue is shut down
   */
  getNowait(): T {
    if (this.#store.size === 0) throw this.#isShutDown ? shutDown() : new QueueEmpty('The queue is empty');
    const item = this.#store.shift();
    if (this.#putters.length > 0) this.#putters.wakeFirst();
    return item;
  }

  /**
   * Says that the work on one item that was got is done; `join()` waits for that.
   * @throws RangeError when called more often than items were put
   */
  taskDone(): void {
    if (this.#unfinished <= 0) throw new RangeError('taskDone() called too many times');
    this.#unfinished -= 1;
    if (this.#unfinished === 0) this.#finished.set();
  }

  /** Waits until `taskDone()` was called for every item that was put. Does not suspend when that is so. */
  join(): Awaitable<void> {
    return new Join(this.#finished);
  }

  /**
   * Ends the queue: from now on puts throw QueueShutDown, and gets do when nothing is left. Whoever waits is woken.
   * @param immediate also drops what is left, as if it had been got and worked off, so that `join()` may finish
   */
  shutdown(immediate = false): void {
    this.#isShutDown = true;
    if (immediate) {
      while (this.#store.size > 0) {
        this.#store.shift();
        if (this.#unfinished > 0) this.#unfinished -= 1;
      }
      if (this.#unfinished === 0) this.#finished.set();
    }
    this.#getters.wakeAll();
    this.#putters.wakeAll();
  }

  /** Gets item after item; ends without an error when the queue is shut down and empty. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      let item: T;
      try {
        item = await this.get();
      } catch (error) {
        if (error instanceof QueueShutDown) return;
        throw error;
      }
      yield item;
    }
  }

  /** @internal `null`: an item can be got now. */
  waitForItem(): Place | null {
    if (this.#store.size > 0) return null;
    if (this.#isShutDown) throw shutDown();
    return this.#queueUp(this.#getters, 'get');
  }

  /** @internal `null`: an item can be put now, or the put fails. */
  waitForPlace(): Place | null {
    if (!this.full()) return null;
    if (this.#isShutDown) throw shutDown();
    return this.#queueUp(this.#putters, 'put');
  }

  /** @internal A getter that was woken for an item and cannot take it any more passes the wake-up on. */
  giveUpGetting(place: Place): void {
    this.#getters.leave(place);
    if (this.#store.size > 0 && !place.cancelled()) this.#getters.wakeFirst();
  }

  /** @internal The same for a putter and a free place. */
  giveUpPutting(place: Place): void {
    this.#putters.leave(place);
    if (!this.full() && !place.cancelled()) this.#putters.wakeFirst();
  }

  #queueUp(line: WaitingLine, operation: string): Place {
    const place = new Place(this.bindToLoop(), this, operation);
    line.join(place);
    return place;
  }
}

function shutDown(): QueueShutDown {
  return new QueueShutDown('The queue is shut down');
}

/**
 * Woken getters and putters look again and, if somebody was quicker with `getNowait` or `putNowait`, queue up anew at
 * the end: that is asyncio's rule.
 */
class Get<T> extends BlockingOperation<T> {
  readonly #queue: Queue<T>;

  constructor(queue: Queue<T>) {
    super();
    this.#queue = queue;
  }

  protected override begin(): Place | null {
    return this.#queue.waitForItem();
  }

  protected override woken(): Place | null {
    return this.#queue.waitForItem();
  }

  protected override interrupted(place: Place): void {
    this.#queue.giveUpGetting(place);
  }

  protected override finish(): T {
    return this.#queue.getNowait();
  }
}

class Put<T> extends BlockingOperation<void> {
  readonly #queue: Queue<T>;
  readonly #item: T;

  constructor(queue: Queue<T>, item: T) {
    super();
    this.#queue = queue;
    this.#item = item;
  }

  protected override begin(): Place | null {
    return this.#queue.waitForPlace();
  }

  protected override woken(): Place | null {
    return this.#queue.waitForPlace();
  }

  protected override interrupted(place: Place): void {
    this.#queue.giveUpPutting(place);
  }

  protected override finish(): void {
    this.#queue.putNowait(this.#item);
  }
}

class Join extends BlockingOperation<void> {
  readonly #finished: Event;

  constructor(finished: Event) {
    super();
    this.#finished = finished;
  }

  protected override begin(): Place | null {
    return this.#finished.passOrWait();
  }

  protected override interrupted(place: Place): void {
    this.#finished.giveUpWaiting(place);
  }

  protected override finish(): void {}
}
