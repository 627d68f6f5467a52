import {
  CancelledError,
  coroutine,
  createTask,
  currentTask,
  moveOnAfter,
  sleep,
  TimeoutError,
  taskGroup,
  timeout,
  waitFor,
} from 'coriolis';
import { describe, expect, it } from 'vitest';
import { errorOf, virtually, virtuallyAsync } from './support.ts';

describe('async bodies in generator coroutines', () => {
  it(
    'are part of the generator task, and are cancelled with it',
    virtually(function* (clock) {
      const self = currentTask()!.getName();
      const result = yield* timeout(10, async (limit) => {
        await sleep(2);
        limit.reschedule(clock.now() + 5);
        await sleep(4);
        return currentTask()!.getName();
      });
      expect([result, clock.now()]).toEqual([self, 6]);
      expect(yield* errorOf(timeout(5, async () => await sleep(50)))).toBeInstanceOf(TimeoutError);
      expect(clock.now()).toBe(11);
      const swallowed: string[] = [];
      const moved = yield* moveOnAfter(5, async () => {
        for (let attempt = 0; attempt < 2; attempt++) {
          try {
            await sleep(50);
          } catch (error) {
            swallowed.push((error as Error).name);
          }
        }
        return 'survived';
      });
      expect([moved, swallowed, clock.now()]).toEqual(['survived', ['CancelledError', 'CancelledError'], 16]);
      const task = createTask(function* () {
        yield* taskGroup(async (group) => {
          group.createTask(async () => await sleep(100));
          await sleep(100);
        });
      });
      yield* sleep(1);
      task.cancel();
      expect(yield* errorOf(task)).toBeInstanceOf(CancelledError);
    }),
  );

  it(
    'go on in the pass in which they end',
    virtually(function* () {
      const order: string[] = [];
      createTask(function* () {
        yield* sleep(1);
        order.push('other, first pass');
        yield* sleep(0);
        order.push('other, second pass');
      });
      yield* timeout(10, async () => {
        await sleep(1);
        order.push('body');
      });
      order.push('after body');
      yield* sleep(1);
      expect(order).toEqual(['body', 'after body', 'other, first pass', 'other, second pass']);
    }),
  );

  it(
    'keep their outcome when a promise from elsewhere takes them past the deadline',
    virtuallyAsync(async () => {
      const late = () => new Promise((resolve) => setTimeout(resolve, 10));
      const fails = async () => {
        await late();
        throw new Error('mine');
      };
      expect(await timeout(0.001, () => late().then(() => 'value'))).toBe('value');
      await expect(timeout(0.001, fails)).rejects.toThrow('mine');
      await expect(moveOnAfter(0.001, fails)).rejects.toThrow('mine');
    }),
  );

  it(
    'may await promises from elsewhere',
    virtually(function* () {
      const value = yield* waitFor(async () => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        await sleep(1);
        return await new Promise((resolve) => setTimeout(resolve, 2, 'value'));
      }, 1000);
      expect(value).toBe('value');
    }),
  );
});

describe('generator bodies in async functions', () => {
  it(
    'are part of the function’s task, and nest with async ones',
    virtuallyAsync(async () => {
      const inner = coroutine(function* (value: string) {
        yield* sleep(1);
        return yield* timeout(10, async () => {
          await sleep(1);
          return `${currentTask()!.getName()} ${value}`;
        });
      });
      const task = createTask(
        async () => {
          const [a, b] = await Promise.all([inner('a'), inner('b')]);
          return [a, b, await inner('c')];
        },
        { name: 'T' },
      );
      expect(await task).toEqual(['T a', 'T b', 'T c']);
    }),
  );
});
