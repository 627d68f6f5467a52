import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deque } from '../../lib/sync/deque.ts';

test('behaves like an array', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (actions) => {
      const deque = new Deque<number>();
      const model: number[] = [];
      for (const [i, push] of actions.entries()) {
        if (push) {
          deque.push(i);
          model.push(i);
        } else if (model.length > 0) expect(deque.shift()).toBe(model.shift());
        expect(deque.size).toBe(model.length);
      }
    }),
  );
});

test('survives a burst and what follows it', () => {
  const deque = new Deque<number>();
  for (let round = 0; round < 3; round += 1) {
    for (let i = 0; i < 10_000; i += 1) deque.push(i);
    expect(Array.from({ length: 10_000 }, () => deque.shift()).every((item, i) => item === i)).toBe(true);
  }
});
