import {
  asCompleted,
  CancelledError,
  createTask,
  gather,
  shield,
  sleep,
  TimeoutError,
  timeout,
  waitFor,
} from 'coriolis';
import { describe, expect, it } from 'vitest';
import { errorOf, virtually, virtuallyAsync } from './support.ts';

const never = () => new Promise<number>(() => {});

describe('a promise that is passed in', () => {
  it(
    'gives its result or its error',
    virtually(function* () {
      expect(yield* gather([Promise.resolve(1), createTask(Promise.resolve(2))])).toEqual([1, 2]);
      expect(yield* waitFor(Promise.resolve(3), 5)).toBe(3);
      expect(yield* waitFor(Promise.resolve(4), null)).toBe(4);
      expect(yield* errorOf(createTask(Promise.reject(new Error('mine'))))).toEqual(new Error('mine'));
      expect(yield* errorOf(waitFor(Promise.reject(new Error('mine')), 5))).toEqual(new Error('mine'));
    }),
  );

  it(
    'does not keep a task from being cancelled',
    virtually(function* () {
      for (const delayMs of [0, 1]) {
        const waiting = [
          createTask(never()),
          gather([never(), sleep(100)]),
          shield(never()),
          createTask(function* () {
            yield* gather([never()]);
          }),
        ];
        yield* sleep(delayMs);
        for (const future of waiting) {
          expect(future.cancel()).toBe(true);
          expect(yield* errorOf(future)).toBeInstanceOf(CancelledError);
        }
      }
    }),
    2000,
  );

  it(
    'does not keep a timeout from ending, in a generator',
    virtually(function* (clock) {
      expect(yield* errorOf(waitFor(never(), 5))).toBeInstanceOf(TimeoutError);
      expect(yield* errorOf(waitFor(never(), 0))).toBeInstanceOf(TimeoutError);
      expect(yield* errorOf(timeout(5, () => gather([never()])))).toBeInstanceOf(TimeoutError);
      for (const next of asCompleted([never()], { timeout: 5 })) {
        expect(yield* errorOf(next)).toBeInstanceOf(TimeoutError);
      }
      expect(clock.now()).toBe(15);
    }),
    2000,
  );

  it(
    'does not keep a timeout from ending, in an async function',
    virtuallyAsync(async (clock) => {
      await expect(waitFor(never(), 5)).rejects.toThrow(TimeoutError);
      await expect(timeout(5, async () => await gather([never()]))).rejects.toThrow(TimeoutError);
      expect(clock.now()).toBe(10);
    }),
    2000,
  );

  it(
    'may be that of an async function: cancelling the task ends it by its own await, a timeout leaves it alone',
    virtuallyAsync(async (clock) => {
      const ends: [string, number][] = [];
      const cleansUp = async () => {
        try {
          await sleep(100);
          ends.push(['slept', clock.now()]);
        } catch (error) {
          await sleep(10);
          ends.push([(error as Error).name, clock.now()]);
        }
        return 'cleaned up';
      };
      expect(await gather([cleansUp(), cleansUp()])).toEqual(['cleaned up', 'cleaned up']);
      ends.length = 0;
      expect(await waitFor(cleansUp, 5)).toBe('cleaned up');
      expect(ends).toEqual([['CancelledError', 115]]);
      const task = createTask(async () => await waitFor(cleansUp(), 50));
      await sleep(5);
      task.cancel();
      expect(await task).toBe('cleaned up');
      expect(ends[1]).toEqual(['CancelledError', 130]);
      // What had begun before the timeout is not the timeout's.
      await expect(waitFor(cleansUp(), 5)).rejects.toThrow(TimeoutError);
      expect(clock.now()).toBe(135);
      await sleep(200);
      expect(ends[2]).toEqual(['slept', 230]);
    }),
  );
});
