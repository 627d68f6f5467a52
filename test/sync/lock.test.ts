import {
  CancelledError,
  Condition,
  createTask,
  Lock,
  Queue,
  QueueShutDown,
  Semaphore,
  sleep,
} from 'coriolis';
import { describe, expect, test } from 'vitest';
import { asGenerator, currentPass, flavours, runVirtual } from './virtual.ts';

describe.each(flavours)('Lock in %s tasks', (_name, flavour) => {
  const start = <T>(script: Parameters<typeof flavour<T>>[0]) => createTask(flavour(script));

  test('is taken without suspending when it is free', async () => {
    const lock = new Lock();
    await runVirtual(
      flavour(function* () {
        const before = currentPass();
        yield lock.acquire();
        expect(lock.locked()).toBe(true);
        lock.release();
        expect(lock.locked()).toBe(false);
        expect(currentPass()).toBe(before);
      }),
    );
  });

  test('is not taken before the acquisition is awaited', async () => {
    const lock = new Lock();
    await runVirtual(
      flavour(function* () {
        const acquisition = lock.acquire();
        expect(lock.locked()).toBe(false);
        yield acquisition;
        expect(lock.locked()).toBe(true);
      }),
    );
  });

  test('is given in the order of asking, one pass after the release', async () => {
    const lock = new Lock();
    const log: string[] = [];
    await runVirtual(
      flavour(function* () {
        yield lock.acquire();
        const tasks = ['a', 'b', 'c'].map((name) =>
          start(function* () {
            yield lock.acquire();
            log.push(`${name}@${currentPass()}`);
            lock.release();
          }),
        );
        yield sleep(0);
        yield sleep(0);
        log.push(`release@${currentPass()}`);
        lock.release();
        for (const task of tasks) yield task;
      }),
    );
    const released = Number(log[0]!.split('@')[1]);
    expect(log).toEqual(['release', 'a', 'b', 'c'].map((name, i) => `${name}@${released + i}`));
  });

  test('does not let a newcomer overtake the waiter that was woken', async () => {
    const lock = new Lock();
    const log: string[] = [];
    await runVirtual(
      flavour(function* () {
        yield lock.acquire();
        const waiter = start(function* () {
          yield lock.acquire();
          log.push('waiter');
          lock.release();
        });
        yield sleep(0);
        lock.release();
        expect(lock.locked()).toBe(false);
        yield lock.acquire();
        log.push('newcomer');
        lock.release();
        yield waiter;
      }),
    );
    expect(log).toEqual(['waiter', 'newcomer']);
  });

  test('goes to a newcomer when all who queue have been cancelled', async () => {
    const lock = new Lock();
    await runVirtual(
      flavour(function* () {
        yield lock.acquire();
        const waiter = start(function* () {
          yield lock.acquire();
        });
        yield sleep(0);
        waiter.cancel();
        lock.release();
        const before = currentPass();
        yield lock.acquire();
        expect(currentPass()).toBe(before);
        yield sleep(0);
        expect(waiter.cancelled()).toBe(true);
        expect(lock.locked()).toBe(true);
      }),
    );
  });

  test('a waiter that is cancelled while it waits leaves the line', async () => {
    const lock = new Lock();
    const log: string[] = [];
    await runVirtual(
      flavour(function* () {
        yield lock.acquire();
        const [first, second] = ['first', 'second'].map((name) =>
          start(function* () {
            try {
              yield lock.acquire();
              log.push(name);
            } catch (error) {
              log.push(`${name} ${(error as Error).name}`);
              throw error;
            }
          }),
        );
        yield sleep(0);
        first!.cancel();
        yield sleep(0);
        lock.release();
        yield second!;
        expect(first!.cancelled()).toBe(true);
      }),
    );
    expect(log).toEqual(['first CancelledError', 'second']);
  });

  test.each([
    ['after it was woken', true],
    ['before the release', false],
  ])('the next gets the lock when the first in line is cancelled %s', async (_when, wokenFirst) => {
    const lock = new Lock();
    await runVirtual(
      flavour(function* () {
        yield lock.acquire();
        const first = start(() => lockScript(lock));
        const second = start(() => lockScript(lock));
        yield sleep(0);
        if (wokenFirst) lock.release();
        first.cancel();
        if (!wokenFirst) lock.release();
        expect(yield second).toBe('had it');
        expect(first.cancelled()).toBe(true);
        expect(lock.locked()).toBe(false);
      }),
    );
  });

  test('the guard releases once', async () => {
    const lock = new Lock();
    await runVirtual(
      flavour(function* () {
        const guard = yield lock.acquire();
        guard[Symbol.dispose]();
        expect(lock.locked()).toBe(false);
        yield lock.acquire();
        guard[Symbol.dispose]();
        expect(lock.locked()).toBe(true);
      }),
    );
  });

  test('belongs to the loop on which somebody first waited for it', async () => {
    const lock = new Lock();
    const contend = flavour(function* () {
      if (!lock.locked()) yield lock.acquire();
      const waiter = start(() => lockScript(lock));
      yield sleep(0);
      waiter.cancel();
      try {
        yield waiter;
      } catch (error) {
        if (!(error instanceof CancelledError)) throw error;
      }
    });
    await runVirtual(contend);
    await expect(runVirtual(contend)).rejects.toThrow('Lock is bound to a different event loop');
  });
});

test.each([
  ['lock', () => new Lock()],
  ['semaphore', () => new Semaphore(1)],
  ['condition', () => new Condition()],
])('%s.with holds it while the body runs, also when that throws', async (_kind, make) => {
  const primitive = make();
  await runVirtual(function* () {
    const result = yield* primitive.with(function* () {
      expect(primitive.locked()).toBe(true);
      yield* sleep(1);
      return 'done';
    });
    expect(result).toBe('done');
  });
  expect(primitive.locked()).toBe(false);
  await runVirtual(async () => {
    const failing = async () => {
      expect(primitive.locked()).toBe(true);
      await sleep(1);
      throw new Error('in the body');
    };
    await expect(primitive.with(failing)).rejects.toThrow('in the body');
  });
  expect(primitive.locked()).toBe(false);
});

test('a free lock can be awaited without any loop, and then chains like a promise', async () => {
  const lock = new Lock();
  await lock.acquire();
  lock.release();
  expect(await lock.acquire().then(() => lock.locked())).toBe(true);
  const queue = new Queue<number>();
  queue.shutdown();
  await expect(queue.get()).rejects.toThrow(QueueShutDown);
  expect(await queue.get().then(undefined, () => 'caught')).toBe('caught');
});

test('releasing a lock that nobody holds throws', () => {
  expect(() => new Lock().release()).toThrow('Lock is not acquired.');
});

test('using releases at the end of the block, also when it throws', async () => {
  const lock = new Lock();
  const failing = async () => {
    using _ = await lock.acquire();
    expect(lock.locked()).toBe(true);
    throw new Error('in the block');
  };
  await expect(runVirtual(failing)).rejects.toThrow('in the block');
  expect(lock.locked()).toBe(false);
  await runVirtual(function* () {
    using _ = yield* lock.acquire();
    expect(lock.locked()).toBe(true);
  });
  expect(lock.locked()).toBe(false);
});

test('an acquisition whose coroutine is closed leaves the line and wakes the next', async () => {
  const lock = new Lock();
  await runVirtual(
    asGenerator(function* () {
      yield lock.acquire();
      const closed = (function* () {
        yield* lock.acquire();
      })();
      expect(closed.next().done).toBe(false);
      const second = createTask(asGenerator(() => lockScript(lock)));
      yield sleep(0);
      lock.release();
      closed.return();
      expect(yield second).toBe('had it');
    }),
  );
});

test('an error other than a cancellation that is thrown into a waiter does not lose the lock', async () => {
  const lock = new Lock();
  await runVirtual(
    asGenerator(function* () {
      yield lock.acquire();
      const failing = (function* () {
        yield* lock.acquire();
      })();
      failing.next();
      lock.release();
      expect(() => failing.throw(new Error('other'))).toThrow('other');
      yield lock.acquire();
    }),
  );
});

function* lockScript(lock: Lock) {
  yield lock.acquire();
  lock.release();
  return 'had it';
}
