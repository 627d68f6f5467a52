import type { Runnable } from './handle.ts';

/** First in, first out: a ring that grows. */
export class ReadyQueue {
  private ring: (Runnable | null)[] = new Array<Runnable | null>(64).fill(null);
  private mask = 63;
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

  /** The ring is full: head and tail have met. */
  private grow(): void {
    const { ring, head } = this;
    this.ring = [
      ...ring.slice(head),
      ...ring.slice(0, head),
      ...new Array<Runnable | null>(ring.length).fill(null),
    ];
    this.mask = this.ring.length - 1;
    this.head = 0;
    this.tail = ring.length;
  }
}
