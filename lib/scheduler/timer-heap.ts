import type { Runnable } from './handle.ts';

/** What a timer makes ready. */
export interface TimerEntry extends Runnable {
  /** True once nobody wants it any more; the heap drops such entries when it meets them, or when they are many. */
  isCancelled(): boolean;
}

const initialCapacity = 16;
/** Below this number of entries, cancelled ones are not worth a clean-up. */
const compactFrom = 64;

/**
 * A 4-ary heap of deadlines. Equal deadlines come out in the order in which they went in. Deadlines and sequence
 * numbers live in one typed array, so that a million timers cost 24 bytes each.
 */
export class TimerHeap {
  /** Pairs: deadline, sequence number. */
  private keys = new Float64Array(initialCapacity * 2);
  private entries: (TimerEntry | null)[] = [];
  private sequence = 0;
  private cancelledCount = 0;
  size = 0;

  add(deadlineMs: number, entry: TimerEntry): void {
    if ((this.size + 1) * 2 > this.keys.length) this.grow();
    this.entries.push(entry);
    this.siftUp(this.size++, deadlineMs, this.sequence++, entry);
  }

  /** Earliest deadline that somebody still waits for, or Infinity. Drops cancelled entries at the head. */
  nextDeadlineMs(): number {
    while (this.size > 0) {
      if (!this.entries[0]!.isCancelled()) return this.keys[0]!;
      this.removeFirst();
      if (this.cancelledCount > 0) this.cancelledCount--;
    }
    return Infinity;
  }

  /** Takes the earliest entry out; the heap must not be empty. */
  removeFirst(): TimerEntry {
    const { keys, entries } = this;
    const first = entries[0]!;
    const last = --this.size;
    const entry = entries.pop()!;
    if (last > 0) this.siftDown(keys[last * 2]!, keys[last * 2 + 1]!, entry!);
    return first;
  }

  /** An entry in the heap was cancelled. Once half of the heap is, all of those are removed. */
  noteCancelled(): void {
    if (++this.cancelledCount * 2 > this.size && this.size >= compactFrom) this.compact();
  }

  clear(): void {
    this.size = 0;
    this.entries = [];
    this.cancelledCount = 0;
  }

  private compact(): void {
    const { entries } = this;
    let kept = 0;
    for (let at = 0; at < this.size; at++) {
      const entry = entries[at]!;
      if (entry.isCancelled()) continue;
      this.move(at, kept);
      kept++;
    }
    entries.length = kept;
    this.size = kept;
    this.cancelledCount = 0;
    for (let at = (kept - 2) >> 2; at >= 0; at--) this.siftDownFrom(at);
  }

  private siftDownFrom(at: number): void {
    const { keys, entries } = this;
    this.siftDown(keys[at * 2]!, keys[at * 2 + 1]!, entries[at]!, at);
  }

  private siftUp(at: number, deadlineMs: number, sequence: number, entry: TimerEntry): void {
    const { keys } = this;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      // A new entry has the highest sequence number: it only passes strictly later deadlines.
      if (keys[parent * 2]! <= deadlineMs) break;
      this.move(parent, at);
      at = parent;
    }
    this.put(at, deadlineMs, sequence, entry);
  }

  private siftDown(deadlineMs: number, sequence: number, entry: TimerEntry, at = 0): void {
    const { keys, size } = this;
    for (;;) {
      const firstChild = at * 4 + 1;
      if (firstChild >= size) break;
      const end = Math.min(firstChild + 4, size);
      let least = firstChild;
      for (let child = firstChild + 1; child < end; child++) {
        if (earlier(keys, child, keys[least * 2]!, keys[least * 2 + 1]!)) least = child;
      }
      if (!earlier(keys, least, deadlineMs, sequence)) break;
      this.move(least, at);
      at = least;
    }
    this.put(at, deadlineMs, sequence, entry);
  }

  private move(from: number, to: number): void {
    this.put(to, this.keys[from * 2]!, this.keys[from * 2 + 1]!, this.entries[from]!);
  }

  private put(at: number, deadlineMs: number, sequence: number, entry: TimerEntry): void {
    this.keys[at * 2] = deadlineMs;
    this.keys[at * 2 + 1] = sequence;
    this.entries[at] = entry;
  }

  private grow(): void {
    // By a quarter, in whole pairs: a large heap should not be half empty.
    const larger = new Float64Array(this.keys.length + (this.keys.length >> 3) * 2 + initialCapacity);
    larger.set(this.keys);
    this.keys = larger;
  }
}

function earlier(keys: Float64Array, at: number, deadlineMs: number, sequence: number): boolean {
  const other = keys[at * 2]!;
  return other < deadlineMs || (other === deadlineMs && keys[at * 2 + 1]! < sequence);
}
