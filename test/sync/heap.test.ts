import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from '../../lib/sync/heap.ts';
import { naturalLess } from '../../lib/sync/ordering.ts';

test('gives what CPython gives for equal keys', () => {
  // heapq with a class that only compares the number: the letters show which of the equal ones left first.
  const heap = new Heap<[number, string]>((a, b) => a[0] - b[0]);
  for (const [i, letter] of [...'abcdefghij'].entries()) heap.push([(i * 7) % 3, letter]);
  const order = Array.from({ length: 10 }, () => heap.shift()[1]).join('');
  expect(order).toBe('agdjebhfci');
});

test('sorts', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (numbers) => {
      const heap = new Heap<number>();
      for (const number of numbers) heap.push(number);
      expect(Array.from(numbers, () => heap.shift())).toEqual([...numbers].sort((a, b) => a - b));
      expect(heap.size).toBe(0);
    }),
  );
});

test('loses nothing when a comparison throws', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1 }), fc.nat(60), (numbers, failAt) => {
      let comparisons = 0;
      const heap = new Heap<number>((a, b) => {
        comparisons += 1;
        if (comparisons === failAt) throw new Error('incomparable');
        return a - b;
      });
      const failures: unknown[] = [];
      const attempt = <R>(action: () => R): R | undefined => {
        try {
          return action();
        } catch (error) {
          failures.push(error);
          return undefined;
        }
      };
      const pushed = numbers.filter((number) => {
        const size = heap.size;
        attempt(() => heap.push(number));
        return heap.size > size;
      });
      const out: number[] = [];
      while (heap.size > 0) {
        const least = attempt(() => heap.shift());
        if (least !== undefined) out.push(least);
      }
      expect(out).toEqual(pushed.sort((a, b) => a - b));
      expect(failures.length).toBeLessThanOrEqual(1);
    }),
  );
});

test.each([
  [1, 2],
  ['a', 'b'],
  [false, true],
  [1n, 2],
  [new Date(1), new Date(2)],
  [
    [1, 'a'],
    [1, 'b'],
  ],
  [[1], [1, 0]],
  [[], [0]],
  [
    [[1, 2], 'x'],
    [[1, 3], 'a'],
  ],
  [
    [1, null, 'a'],
    [1, null, 'b'],
  ],
])('%s comes before %s', (less, greater) => {
  expect(naturalLess(less, greater)).toBe(true);
  expect(naturalLess(greater, less)).toBe(false);
  expect(naturalLess(less, less)).toBe(false);
});

test.each([
  [1, 'a'],
  [{}, {}],
  [
    [1, {}],
    [1, {}],
  ],
  [null, 1],
])('%s and %s have no order', (a, b) => {
  expect(() => naturalLess(a, b)).toThrow(TypeError);
});

test('arrays whose first difference has an order need none behind it', () => {
  expect(naturalLess([1, {}], [2, {}])).toBe(true);
});
