import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TimerEntry, TimerHeap } from '../../lib/scheduler/timer-heap.ts';

class Entry implements TimerEntry {
  cancelled = false;

  constructor(
    readonly deadlineMs: number,
    readonly order: number,
  ) {}

  isCancelled(): boolean {
    return this.cancelled;
  }

  run(): void {}
}

function drain(heap: TimerHeap): Entry[] {
  const entries: Entry[] = [];
  while (heap.nextDeadlineMs() < Infinity) entries.push(heap.removeFirst() as Entry);
  return entries;
}

describe('TimerHeap', () => {
  it('gives entries by deadline, equal ones in the order in which they came, without the cancelled', () => {
    const script = fc.array(
      fc.oneof(
        { weight: 5, arbitrary: fc.record({ add: fc.integer({ min: 0, max: 20 }) }) },
        { weight: 3, arbitrary: fc.record({ cancel: fc.nat() }) },
        { weight: 1, arbitrary: fc.record({ take: fc.constant(true) }) },
      ),
      { maxLength: 400 },
    );
    fc.assert(
      fc.property(script, (steps) => {
        const heap = new TimerHeap();
        const model: Entry[] = [];
        let order = 0;
        const live = () =>
          model
            .filter((entry) => !entry.cancelled)
            .sort((a, b) => a.deadlineMs - b.deadlineMs || a.order - b.order);
        for (const step of steps) {
          if ('add' in step) {
            const entry = new Entry(step.add, order++);
            model.push(entry);
            heap.add(step.add, entry);
          } else if ('cancel' in step) {
            const entry = live()[step.cancel % Math.max(1, live().length)];
            if (entry === undefined) continue;
            entry.cancelled = true;
            heap.noteCancelled();
          } else {
            const expected = live()[0];
            expect(heap.nextDeadlineMs()).toBe(expected?.deadlineMs ?? Infinity);
            if (expected === undefined) continue;
            expect(heap.removeFirst()).toBe(expected);
            model.splice(model.indexOf(expected), 1);
          }
        }
        expect(drain(heap)).toEqual(live());
      }),
    );
  });

  it('lets go of cancelled entries once they are half of the heap', () => {
    const heap = new TimerHeap();
    heap.add(0, new Entry(0, 0));
    for (let round = 1; round <= 100_000; round++) {
      const entry = new Entry(30_000 + round, round);
      heap.add(entry.deadlineMs, entry);
      entry.cancelled = true;
      heap.noteCancelled();
    }
    expect(heap.size).toBeLessThan(200);
  });
});
