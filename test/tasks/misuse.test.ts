import {
  type AnyAwaitable,
  type Coroutine,
  coroutine,
  createTask,
  Future,
  gather,
  getRunningLoop,
  run,
  sleep,
  waitFor,
} from 'coriolis';
import { runVirtual, VirtualEventLoop } from 'coriolis/testing';
import { describe, expect, it } from 'vitest';
import { errorOf, virtually, virtuallyAsync } from './support.ts';

describe('yield without a star', () => {
  it(
    'is an error that says so',
    virtually(function* () {
      const done = new Future<void>(getRunningLoop());
      done.setResult();
      const plain = [() => sleep(1), () => sleep(0), () => done, () => createTask(() => sleep(1))];
      for (const make of plain) {
        const task = createTask(function* () {
          yield make() as never;
        });
        expect(String(yield* errorOf(task))).toMatch(/^TypeError: .*use `yield\*`/);
      }
    }),
    2000,
  );

  it(
    'is one in a coroutine that an async function awaits',
    virtuallyAsync(async () => {
      const plain = coroutine(function* () {
        yield sleep(1) as never;
      });
      await expect(plain()).rejects.toThrow('use `yield*`');
    }),
    2000,
  );
});

describe('what is no coroutine', () => {
  const wrong: never[] = [null, undefined, 5, 'text', {}, []] as never[];

  it(
    'is refused by createTask and gather',
    virtually(function* () {
      for (const value of wrong) {
        expect(() => createTask(value)).toThrow(/"coroutine" argument/);
        expect(() => createTask(value)).toThrow(TypeError);
      }
      expect(() => gather([5])).toThrow(TypeError);
      yield* sleep(0);
    }),
  );

  it('is refused by run and runVirtual', async () => {
    for (const value of wrong) {
      await expect(run(value)).rejects.toThrow(/"coroutine" argument/);
      await expect(runVirtual(value)).rejects.toThrow(/"coroutine" argument/);
    }
  }, 2000);
});

describe('a coroutine that was awaited before', () => {
  const once = coroutine(function* () {
    yield* sleep(1);
    return 'value';
  });
  const reused = 'cannot reuse already awaited coroutine';

  it(
    'is refused by await, createTask and waitFor',
    virtuallyAsync(async () => {
      const awaited = once();
      expect(await awaited).toBe('value');
      await expect(Promise.resolve(awaited)).rejects.toThrow(reused);
      expect(() => createTask(awaited)).toThrow(reused);
      await expect(waitFor(awaited, 10)).rejects.toThrow(reused);
      const both = once();
      await expect(Promise.all([both, both])).rejects.toThrow(reused);
      await sleep(2);
      expect(await waitFor(once(), 0).then(null, (error: Error) => error.name)).toBe('TimeoutError');
    }),
    2000,
  );
});

describe('a coroutine that is used twice, in debug mode', () => {
  const once = coroutine(function* () {
    yield* sleep(1);
    return 'value';
  });

  function* plain() {
    yield* sleep(1);
  }

  async function debugging(main: () => Coroutine<void>): Promise<void> {
    const loop = new VirtualEventLoop();
    loop.setDebug(true);
    try {
      await loop.runUntilComplete(main());
    } finally {
      loop.setDebug(false);
      loop.close();
    }
  }

  it('is refused by the second task', async () => {
    await debugging(function* () {
      for (const body of [once(), plain()] as AnyAwaitable<unknown>[]) {
        const task = createTask(body);
        expect(() => createTask(body)).toThrow('already awaited');
        yield* task;
        expect(() => createTask(body)).toThrow('already awaited');
      }
    });
  }, 2000);

  it('is refused by the second yield*', async () => {
    await debugging(function* () {
      const awaited = once();
      expect(yield* awaited).toBe('value');
      expect(String(yield* errorOf(awaited))).toContain('already awaited');
      const shared = once();
      const first = createTask(function* () {
        return yield* shared;
      });
      yield* sleep(0);
      expect(String(yield* errorOf(shared))).toContain('being awaited already');
      expect(yield* first).toBe('value');
    });
  }, 2000);
});

describe('a future of another loop', () => {
  it('cannot be awaited in a task, but outside any', async () => {
    const other = new VirtualEventLoop();
    const future = other.createFuture<string>();
    const finished = other.createFuture<string>();
    finished.setResult('finished');
    await runVirtual(async () => {
      await expect((async () => await future)()).rejects.toThrow('different event loop');
      expect(await finished).toBe('finished');
    });
    const outside = (async () => await future)();
    other.callLater(5, () => future.setResult('value'));
    await other.runUntilComplete(future);
    expect(await outside).toBe('value');
    other.close();
  }, 2000);
});

describe('a task of a loop that was closed', () => {
  it('fails whoever awaits it outside, before and after the loop is closed', async () => {
    const loop = new VirtualEventLoop();
    const stuck = loop.createTask(() => loop.createFuture());
    const done = loop.createTask(() => sleep(0, 'done'));
    const before = (async () => await stuck)();
    const result = (async () => await done)();
    await Promise.resolve();
    await loop.runUntilComplete(done);
    loop.close();
    await expect(before).rejects.toThrow('Event loop is closed');
    await expect((async () => await stuck)()).rejects.toThrow('Event loop is closed');
    expect(await result).toBe('done');
    expect(await done).toBe('done');
  }, 2000);
});
