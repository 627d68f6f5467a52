import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReadyQueue } from '../../lib/scheduler/ready-queue.ts';

describe('ReadyQueue', () => {
  it('is first in, first out, whatever its size', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -150, max: 200 }), { maxLength: 40 }), (moves) => {
        const queue = new ReadyQueue();
        const model: object[] = [];
        for (const move of moves) {
          for (let count = 0; count < move; count++) {
            const runnable = { run() {} };
            queue.push(runnable);
            model.push(runnable);
          }
          for (let count = 0; count < -move && model.length > 0; count++) {
            expect(queue.shift()).toBe(model.shift());
          }
          if (model.length === 0) queue.trim();
          expect(queue.size).toBe(model.length);
        }
        while (model.length > 0) expect(queue.shift()).toBe(model.shift());
      }),
    );
  });
});
