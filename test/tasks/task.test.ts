import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import {
  allTasks,
  CancelledError,
  type Coroutine,
  copyContext,
  coroutine,
  createTask,
  currentTask,
  ensureFuture,
  getRunningLoop,
  moveOnAfter,
  sleep,
  Task,
  TimeoutError,
  taskGroup,
  timeout,
} from 'coriolis';
import { describe, expect, it } from 'vitest';
import { errorOf, virtually, virtuallyAsync } from './support.ts';

function* forever(): Coroutine<void> {
  yield* getRunningLoop().createFuture<void>();
}

describe('a task whose signal was given to a function of Node’s', () => {
  const waits = async () => {
    await delay(60_000, null, { signal: currentTask()!.signal });
  };

  it(
    'is cancelled, not failed, by the AbortError that comes of it',
    virtuallyAsync(async () => {
      const task = createTask(waits);
      await sleep(1);
      task.cancel('enough');
      await expect((async () => await task)()).rejects.toThrow(CancelledError);
      expect(task.cancelled()).toBe(true);
      const ended = await taskGroup(async (group) => {
        group.createTask(waits);
        await sleep(1);
        group.cancel();
      });
      expect(ended).toBeUndefined();
      await expect(timeout(1, waits)).rejects.toThrow(TimeoutError);
      expect(await moveOnAfter(1, waits)).toBeUndefined();
    }),
    5000,
  );
});

describe('Task', () => {
  it(
    'takes a message, and nothing else, to be cancelled with',
    virtually(function* () {
      const task = createTask(forever());
      for (const wrong of [5, null, {}, Symbol('x'), new Error('why')]) {
        expect(() => task.cancel(wrong as never)).toThrow(/"message" argument/);
      }
      expect(task.cancelling()).toBe(0);
      task.cancel();
      yield* errorOf(task);
    }),
  );

  it(
    'runs whatever can be awaited',
    virtually(function* () {
      const generator = function* () {
        yield* sleep(1);
        return 'generator';
      };
      const wrapped = coroutine(function* (value: string) {
        yield* sleep(1);
        return value;
      });
      const bodies = [
        generator(),
        generator,
        wrapped('coroutine'),
        () => wrapped('function'),
        async () => {
          await sleep(1);
          return 'async';
        },
        Promise.resolve('promise'),
        sleep(1, 'sleep'),
        () => 'value',
      ];
      const results: unknown[] = [];
      for (const body of bodies) results.push(yield* createTask<string>(body as () => string));
      expect(results).toEqual([
        'generator',
        'generator',
        'coroutine',
        'function',
        'async',
        'promise',
        'sleep',
        'value',
      ]);
    }),
  );

  it(
    'starts in the next pass; cancelled before that it never starts',
    virtually(function* () {
      const order: string[] = [];
      const started = createTask(function* () {
        order.push('started');
      });
      const never = createTask(function* () {
        order.push('never');
      });
      const neverAsync = createTask(async () => {
        order.push('never');
      });
      expect([never.cancel(), neverAsync.cancel()]).toEqual([true, true]);
      expect(order).toEqual([]);
      yield* started;
      yield* sleep(0);
      expect(order).toEqual(['started']);
      expect([never.cancelled(), neverAsync.cancelled()]).toEqual([true, true]);
    }),
  );

  it(
    'has a name, a coroutine and a loop, and refuses to be told its result',
    virtually(function* () {
      const generator = forever();
      const task = createTask(generator, { name: 'worker' });
      expect([task.getName(), task.getCoro() === generator, task.getLoop() === getRunningLoop()]).toEqual([
        'worker',
        true,
        true,
      ]);
      task.setName('renamed');
      expect(task.getName()).toBe('renamed');
      expect(createTask(() => 1).getName()).toMatch(/^Task-\d+$/);
      expect(() => task.setResult()).toThrow();
      expect(() => task.setException(1)).toThrow();
      expect(allTasks().has(task)).toBe(true);
      task.cancel();
      yield* errorOf(task);
      expect(task.getCoro()).toBeNull();
      expect(allTasks().has(task)).toBe(false);
    }),
  );

  it(
    'delivers a cancellation with its message, and may survive it',
    virtually(function* () {
      const survivor = createTask(function* () {
        const error = yield* errorOf(sleep(10));
        yield* sleep(1);
        return (error as Error).message;
      });
      yield* sleep(1);
      expect(survivor.cancel('stop')).toBe(true);
      expect(survivor.cancelling()).toBe(1);
      expect(yield* survivor).toBe('stop');
      expect(survivor.cancel()).toBe(false);
    }),
  );

  it(
    'counts requests; taking the last back before it is delivered voids it',
    virtually(function* () {
      const task = createTask(function* () {
        const self = currentTask()!;
        self.cancel();
        self.cancel();
        expect([self.uncancel(), self.uncancel(), self.uncancel()]).toEqual([1, 0, 0]);
        yield* sleep(1);
        return 'alive';
      });
      expect(yield* task).toBe('alive');
    }),
  );

  it(
    'is cancelled when it was asked in its last step, unless it throws',
    virtually(function* () {
      const returns = createTask(function* () {
        currentTask()!.cancel();
        return 1;
      });
      const throws = createTask(function* () {
        currentTask()!.cancel();
        throw new Error('mine');
      });
      expect(yield* errorOf(returns)).toBeInstanceOf(CancelledError);
      expect(((yield* errorOf(throws)) as Error).message).toBe('mine');
    }),
  );

  it(
    'reaches a chain of tasks and what the last waits for',
    virtually(function* () {
      const inner = createTask(forever());
      const middle = createTask(function* () {
        yield* inner;
      });
      const outer = createTask(async () => {
        await middle;
      });
      yield* sleep(1);
      outer.cancel();
      yield* errorOf(outer);
      expect([inner.cancelled(), middle.cancelled(), outer.cancelled()]).toEqual([true, true, true]);
    }),
  );

  it(
    'cancels everything that an async function waits for side by side',
    virtuallyAsync(async () => {
      const ended: string[] = [];
      const part = async (name: string) => {
        try {
          await sleep(1000);
        } catch (error) {
          ended.push(`${name} ${(error as Error).name}`);
          throw error;
        }
      };
      const task = createTask(async () => {
        await Promise.all([part('a'), part('b')]);
      });
      await sleep(1);
      expect(task.awaiting).toHaveLength(2);
      task.cancel();
      await expect(Promise.all([task])).rejects.toBeInstanceOf(CancelledError);
      expect(ended).toEqual(['a CancelledError', 'b CancelledError']);
    }),
  );

  it(
    'has a signal that is aborted by a cancellation, and a fresh one after uncancel',
    virtually(function* () {
      const seen: boolean[] = [];
      const task = createTask(function* () {
        const { signal } = currentTask()!;
        seen.push(signal.aborted);
        yield* errorOf(sleep(10));
        seen.push(signal.aborted, signal.reason instanceof CancelledError);
        currentTask()!.uncancel();
        seen.push(currentTask()!.signal.aborted);
      });
      yield* sleep(1);
      task.cancel();
      yield* task;
      expect(seen).toEqual([false, true, true, false]);
    }),
  );

  it(
    'can start eagerly, and is then never scheduled if it ends at once',
    virtually(function* () {
      const order: string[] = [];
      const outer = currentTask();
      const done = createTask(
        function* () {
          order.push(currentTask()!.getName());
          return 1;
        },
        { eagerStart: true, name: 'eager' },
      );
      expect([order, done.done(), currentTask() === outer]).toEqual([['eager'], true, true]);
      const failed = createTask(
        function* (): Coroutine<void> {
          throw new Error('inside');
        },
        { eagerStart: true },
      );
      expect((failed.exception() as Error).message).toBe('inside');
      const waits = createTask(() => sleep(1, 'slept'), { eagerStart: true });
      expect(waits.done()).toBe(false);
      expect(yield* waits).toBe('slept');
    }),
  );

  it(
    'runs in its own copy of the context, or in the one it is given',
    virtually(function* () {
      const storage = new AsyncLocalStorage<string>();
      storage.enterWith('parent');
      const child = createTask(function* () {
        const before = storage.getStore();
        storage.enterWith('child');
        yield* sleep(1);
        return [before, storage.getStore()];
      });
      expect(yield* child).toEqual(['parent', 'child']);
      expect(storage.getStore()).toBe('parent');
      const context = copyContext();
      const enter = (value: string) =>
        function* () {
          const before = storage.getStore();
          storage.enterWith(value);
          return before;
        };
      expect(yield* createTask(enter('one'), { context })).toBe('parent');
      expect(yield* createTask(enter('two'), { context })).toBe('one');
      const inAsync = createTask(async () => {
        await sleep(1);
        return storage.getStore();
      });
      expect(yield* inAsync).toBe('parent');
    }),
  );

  it(
    'is known to the async code that belongs to it, and to no callback',
    virtually(function* () {
      const names: (string | undefined)[] = [];
      const task = createTask(
        async () => {
          names.push(currentTask()?.getName());
          await sleep(1);
          names.push(currentTask()?.getName());
          await Promise.resolve();
          await (async () => {
            await sleep(1);
            names.push(currentTask()?.getName());
          })();
          getRunningLoop().callSoon(() => names.push(currentTask()?.getName()));
          await sleep(0);
          await sleep(0);
        },
        { name: 'T' },
      );
      yield* task;
      expect(names).toEqual(['T', 'T', 'T', undefined]);
    }),
  );

  it(
    'complains about what is no awaitable, about awaiting itself, and about other loops',
    virtually(function* () {
      const bad = createTask(function* () {
        yield 5 as never;
      });
      expect(yield* errorOf(bad)).toBeInstanceOf(TypeError);
      const self: Task<unknown> = createTask(function* (): Coroutine<unknown> {
        return yield* self;
      });
      expect(String(yield* errorOf(self))).toContain('cannot await on itself');
      const selfAsync: Task<unknown> = createTask(async () => await selfAsync);
      expect(String(yield* errorOf(selfAsync))).toContain('cannot await on itself');
    }),
  );

  it(
    'throws anything, not only errors',
    virtually(function* () {
      const task = createTask(function* (): Coroutine<void> {
        throw 'text';
      });
      expect(yield* errorOf(task)).toBe('text');
    }),
  );

  it(
    'is made by the task factory, if there is one',
    virtually(function* () {
      const loop = getRunningLoop();
      const made: string[] = [];
      loop.setTaskFactory((factoryLoop, body, options) => {
        made.push(options.name ?? '');
        return new Task(factoryLoop as object, body, options);
      });
      expect(yield* createTask(() => sleep(0, 1), { name: 'a' })).toBe(1);
      expect(yield* ensureFuture(sleep(0, 2))).toBe(2);
      loop.setTaskFactory(null);
      yield* createTask(() => sleep(0), { name: 'b' });
      expect(made).toEqual(['a', '']);
    }),
  );
});

describe('coroutine', () => {
  const add = coroutine(function* add(this: { base: number } | void, amount: number) {
    yield* sleep(1);
    return (this?.base ?? 0) + amount;
  });

  it(
    'is lazy, and runs inline in the task that awaits it, in both styles',
    virtually(function* () {
      const whoRuns = coroutine(function* () {
        return currentTask()!.getName();
      });
      expect(yield* whoRuns()).toBe(currentTask()!.getName());
      expect(yield* add.call({ base: 40 }, 2)).toBe(42);
      const asyncTask = createTask(async () => [await whoRuns(), await add(1)], { name: 'async' });
      expect(yield* asyncTask).toEqual(['async', 1]);
      expect(add.name).toBe('add');
    }),
  );

  it(
    'can be cancelled while an async function awaits it',
    virtually(function* () {
      const cleaned: string[] = [];
      const careful = coroutine(function* () {
        try {
          yield* sleep(100);
        } finally {
          yield* sleep(1);
          cleaned.push('cleaned');
        }
      });
      const task = createTask(async () => await careful());
      yield* sleep(1);
      task.cancel();
      expect(yield* errorOf(task)).toBeInstanceOf(CancelledError);
      expect(cleaned).toEqual(['cleaned']);
    }),
  );

  it('becomes a task when it is awaited outside any', async () => {
    const { VirtualEventLoop } = await import('coriolis/testing');
    const loop = new VirtualEventLoop();
    let result: Promise<number> | null = null;
    loop.callSoon(() => {
      result = Promise.resolve(add(3));
    });
    loop.callLater(5, () => loop.stop());
    await loop.runForever();
    expect(await result).toBe(3);
    loop.close();
  });
});
