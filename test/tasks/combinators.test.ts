import {
  asCompleted,
  CancelledError,
  type Coroutine,
  createTask,
  type Future,
  gather,
  getRunningLoop,
  shield,
  sleep,
  TimeoutError,
  taskGroup,
  timeout,
  timeoutAt,
  wait,
  waitFor,
} from 'coriolis';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { errorOf, virtually, virtuallyAsync } from './support.ts';

function* failAfterMs(delayMs: number, message: string): Coroutine<never> {
  yield* sleep(delayMs);
  throw new Error(message);
}

describe('errors that are no objects', () => {
  const failing = async () => {
    await sleep(1);
    throw null;
  };

  it(
    'are errors all the same',
    virtuallyAsync(async () => {
      await expect(gather([failing])).rejects.toBeNull();
      await expect(gather([Promise.reject(undefined)])).rejects.toBeUndefined();
      expect(await gather([failing, () => 1], { returnExceptions: true })).toEqual([null, 1]);
      await expect(shield(failing)).rejects.toBeNull();
      await expect(taskGroup((group) => void group.createTask(failing))).rejects.toMatchObject({
        errors: [null],
      });
      const slow = createTask(() => sleep(50));
      const [done] = await wait([createTask(failing), slow], { returnWhen: 'FIRST_EXCEPTION' });
      expect([done.size, slow.done()]).toEqual([1, false]);
    }),
    2000,
  );
});

describe('gather', () => {
  it(
    'tells by its type of errors among the results, and takes unions',
    virtuallyAsync(async () => {
      const either = [async () => 1, sleep(1, 'text')][0]!;
      const united = gather([either]);
      expectTypeOf(united).toEqualTypeOf<Future<[number | string]>>();
      expect(await united).toEqual([1]);
      const mayFail = gather([async () => 1], { returnExceptions: true });
      expectTypeOf(mayFail).toEqualTypeOf<Future<[number | Error]>>();
      expect(await mayFail).toEqual([1]);
      for await (const item of asCompleted([sleep(1, 'text'), async () => 1])) {
        expectTypeOf(item.result()).toEqualTypeOf<string | number>();
      }
    }),
  );

  it(
    'gives results in the order of its arguments, typed, and runs the same object once',
    virtually(function* () {
      const task = createTask(() => sleep(2, 'task'));
      const [a, b, c, d] = yield* gather([sleep(3, 1), task, task, async () => 4]);
      const typed: [number, string, string, number] = [a, b, c, d];
      expect(typed).toEqual([1, 'task', 'task', 4]);
      expect(yield* gather(sleep(1, 'x'), () => 2)).toEqual(['x', 2]);
      expect(yield* gather([])).toEqual([]);
    }),
  );

  it(
    'fails with the first failure while the others keep running',
    virtually(function* () {
      const slow = createTask(() => sleep(10, 'slow'));
      const error = yield* errorOf(gather([failAfterMs(2, 'late'), failAfterMs(1, 'early'), slow]));
      expect((error as Error).message).toBe('early');
      expect(yield* slow).toBe('slow');
    }),
  );

  it(
    'collects errors if asked to',
    virtually(function* () {
      const [error, value] = yield* gather([failAfterMs(1, 'one'), sleep(1, 'two')], {
        returnExceptions: true,
      });
      expect([(error as unknown as Error).message, value]).toEqual(['one', 'two']);
    }),
  );

  it(
    'cancels its children when it is cancelled, and waits for them',
    virtually(function* () {
      const order: string[] = [];
      const outer = gather([
        function* () {
          try {
            yield* sleep(10);
          } finally {
            yield* sleep(1);
            order.push('cleaned up');
          }
        },
      ]);
      yield* sleep(1);
      expect(outer.cancel()).toBe(true);
      expect(outer.done()).toBe(false);
      expect(yield* errorOf(outer)).toBeInstanceOf(CancelledError);
      expect(order).toEqual(['cleaned up']);
    }),
  );
});

describe('wait', () => {
  it(
    'returns the done and the pending, and neither cancels nor throws',
    virtually(function* (clock) {
      const fast = createTask(failAfterMs(1, 'x'));
      const slow = createTask(() => sleep(10));
      let [done, pending] = yield* wait([fast, slow], { returnWhen: 'FIRST_COMPLETED' });
      expect([done.has(fast), done.size, pending.has(slow), pending.size, clock.now()]).toEqual([
        true,
        1,
        true,
        1,
        1,
      ]);
      [done, pending] = yield* wait([slow], { timeout: 3 });
      expect([done.size, pending.size, clock.now()]).toEqual([0, 1, 4]);
      [done] = yield* wait([fast, slow]);
      expect([done.size, clock.now()]).toEqual([2, 10]);
      fast.exception();
    }),
  );

  it(
    'does not count a cancelled future as an exception',
    virtually(function* (clock) {
      const cancelled = createTask(() => sleep(100));
      const failing = createTask(failAfterMs(5, 'x'));
      getRunningLoop().callLater(1, () => cancelled.cancel());
      const [done] = yield* wait([cancelled, failing, createTask(() => sleep(50))], {
        returnWhen: 'FIRST_EXCEPTION',
      });
      expect([done.size, clock.now()]).toEqual([2, 5]);
    }),
  );

  it(
    'takes only futures, and at least one',
    virtually(function* () {
      expect(yield* errorOf(wait([]))).toBeInstanceOf(RangeError);
      expect(yield* errorOf(wait([Promise.resolve() as unknown as Future<unknown>]))).toBeInstanceOf(
        TypeError,
      );
    }),
  );
});

describe('waitFor', () => {
  it(
    'gives the result, or cancels and waits until that is done',
    virtually(function* (clock) {
      expect(yield* waitFor(sleep(1, 'ok'), 5)).toBe('ok');
      expect(yield* waitFor(async () => 'function', 5)).toBe('function');
      expect(yield* waitFor(sleep(1, 'unlimited'), null)).toBe('unlimited');
      const task = createTask(function* () {
        yield* errorOf(sleep(100));
        yield* sleep(3);
        throw new CancelledError();
      });
      const before = clock.now();
      expect(yield* errorOf(waitFor(task, 2))).toBeInstanceOf(TimeoutError);
      expect([task.cancelled(), clock.now() - before]).toEqual([true, 5]);
      expect(
        yield* errorOf(
          waitFor(
            createTask(() => sleep(9)),
            0,
          ),
        ),
      ).toBeInstanceOf(TimeoutError);
    }),
  );
});

describe('timeout', () => {
  it(
    'throws TimeoutError when the time is up',
    virtually(function* (clock) {
      const error = yield* errorOf(
        timeout(5, function* (limit) {
          expect([limit.when(), limit.expired()]).toEqual([5, false]);
          yield* sleep(10);
        }),
      );
      expect([error instanceof TimeoutError, clock.now()]).toEqual([true, 5]);
      expect((error as Error).cause).toBeInstanceOf(CancelledError);
      expect(yield* timeoutAt(null, () => sleep(1, 'value'))).toBe('value');
    }),
  );

  it(
    'can be moved, in async functions too',
    virtuallyAsync(async () => {
      const loop = getRunningLoop();
      const result = await timeout(1, async (limit) => {
        limit.reschedule(loop.time() + 10);
        await sleep(5);
        return 'in time';
      });
      expect(result).toBe('in time');
      const moved = timeout(null, async (limit) => {
        limit.reschedule(loop.time() + 1);
        await sleep(5);
      });
      await expect(Promise.all([moved])).rejects.toBeInstanceOf(TimeoutError);
    }),
  );

  it(
    'lets a cancellation from outside through',
    virtually(function* () {
      const task = createTask(() =>
        timeout(5, function* () {
          yield* sleep(10);
        }),
      );
      yield* sleep(1);
      task.cancel();
      expect(yield* errorOf(task)).toBeInstanceOf(CancelledError);
    }),
  );
});

describe('shield', () => {
  it(
    'keeps a cancellation from its argument',
    virtually(function* () {
      const inner = createTask(() => sleep(5, 'done'));
      const caller = createTask(function* () {
        return yield* shield(inner);
      });
      yield* sleep(1);
      caller.cancel();
      expect(yield* errorOf(caller)).toBeInstanceOf(CancelledError);
      expect(yield* inner).toBe('done');
      expect(shield(inner)).toBe(inner);
    }),
  );

  it(
    'reports an error that comes after it was cancelled',
    virtually(function* () {
      const reported: unknown[] = [];
      getRunningLoop().setExceptionHandler((_loop, context) => void reported.push(context.exception));
      const outer = shield(failAfterMs(5, 'late'));
      yield* sleep(1);
      outer.cancel();
      yield* sleep(10);
      expect(reported).toMatchObject([{ message: 'late' }]);
    }),
  );
});

describe('asCompleted', () => {
  it(
    'gives results in the order in which they come',
    virtually(function* () {
      const results: unknown[] = [];
      for (const next of asCompleted([sleep(3, 'c'), sleep(1, 'a'), failAfterMs(2, 'b')])) {
        try {
          results.push(yield* next);
        } catch (error) {
          results.push((error as Error).message);
        }
      }
      expect(results).toEqual(['a', 'b', 'c']);
    }),
  );

  it(
    'gives the futures themselves to for await',
    virtuallyAsync(async () => {
      const tasks = [createTask(() => sleep(2, 'b')), createTask(() => sleep(1, 'a'))];
      const order: unknown[] = [];
      for await (const task of asCompleted(tasks))
        order.push(tasks.indexOf(task as (typeof tasks)[0]), task.result());
      expect(order).toEqual([1, 'a', 0, 'b']);
    }),
  );

  it(
    'throws TimeoutError for what is late, and leaves it running',
    virtually(function* () {
      const late = createTask(() => sleep(10, 'late'));
      const results: unknown[] = [];
      for (const next of asCompleted([late, sleep(1, 'early')], { timeout: 5 })) {
        try {
          results.push(yield* next);
        } catch (error) {
          results.push(error instanceof TimeoutError);
        }
      }
      expect(results).toEqual(['early', true]);
      expect(yield* late).toBe('late');
    }),
  );
});
