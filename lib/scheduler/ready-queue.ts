import type { Runnable } from './handle.ts';

const leastCapacity = 64;
/** Rings of this capacity or more are not kept while they are empty. */
const trimFrom = 16_384;

/** First in, first out: a ring that grows. */
export class ReadyQueue {
  private ring: (Runnable | null)[] = emptyRing(leastCapacity);
  private mask = leastCapacity - 1;
  private head = 0;
  private tail = 0;

  get size(): number {
    return (this.tail - this.head) & this.mask;
  }

  push(runnable: Runnable): void {
    this.ring[this.tail] = runnable;
    this.tail = (this.tail + 1) & this.mask;
    if (this.tail === this.head) this.grow();
  }

  /** Takes the first out; the queue must not be empty. */
  shift(): Runnable {
    const runnable = this.ring[this.head]!;
    this.ring[this.head] = null;
    this.head = (this.head + 1) & this.mask;
    return runnable;
  }

  clear(): void {
    this.ring.fill(null);
    this.head = this.tail = 0;
  }

  /** The queue is empty and may stay so for a while: gives the memory of a large ring back. */
  trim(): void {
    if (this.mask < trimFrom || this.head !== this.tail) return;
    this.ring = emptyRing(leastCapacity);
    this.mask = leastCapacity - 1;
    this.head = this.tail = 0;
  }

  /** The ring is full: head and tail have met. */
  private grow(): void {
    const { ring, head } = this;
    const capacity = ring.length;
    const larger = emptyRing(capacity * 2);
    for (let at = 0; at < capacity; at++) larger[at] = ring[(head + at) & this.mask]!;
    this.ring = larger;
    this.mask = capacity * 2 - 1;
    this.head = 0;
    this.tail = capacity;
  }
}

function emptyRing(capacity: number): (Runnable | null)[] {
  return new Array<Runnable | null>(capacity).fill(null);
}
