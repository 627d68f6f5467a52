import { type ItemStore, Queue } from './queue.ts';

/** A queue that gives the newest item first. Semantics of `asyncio.LifoQueue`. */
export class LifoQueue<T> extends Queue<T> {
  /** @param maxsize how many items fit; 0 or less: any number */
  constructor(maxsize = 0) {
    super(maxsize, new Stack<T>());
  }
}

class Stack<T> implements ItemStore<T> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T {
    return this.#items.pop() as T;
  }
}
