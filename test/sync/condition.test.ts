import { Condition, createTask, Lock, sleep } from 'coriolis';
import { describe, expect, test } from 'vitest';
import { currentPass, flavours, runVirtual } from './virtual.ts';

describe.each(flavours)('Condition in %s tasks', (_name, flavour) => {
  const startWaiter = (condition: Condition, log: string[], name: string) =>
    createTask(
      flavour(function* () {
        yield condition.acquire();
        try {
          log.push(`${name} ${yield condition.wait()}`);
        } catch (error) {
          log.push(`${name} ${(error as Error).name}`);
          throw error;
        } finally {
          expect(condition.locked()).toBe(true);
          condition.release();
        }
      }),
    );

  test('wakes as many as it is told, in the order of arrival, when the lock is free', async () => {
    const condition = new Condition();
    const log: string[] = [];
    await runVirtual(
      flavour(function* () {
        const tasks = ['a', 'b', 'c', 'd'].map((name) => startWaiter(condition, log, name));
        yield sleep(1);
        yield condition.acquire();
        condition.notify(2);
        yield sleep(1);
        expect(log).toEqual([]);
        condition.release();
        yield sleep(1);
        expect(log).toEqual(['a true', 'b true']);
        yield condition.acquire();
        condition.notifyAll();
        condition.release();
        for (const task of tasks) yield task;
      }),
    );
    expect(log).toEqual(['a true', 'b true', 'c true', 'd true']);
  });

  test('waitFor returns what the predicate gives, without waiting if it is truthy already', async () => {
    const condition = new Condition();
    const found: string[] = [];
    await runVirtual(
      flavour(function* () {
        yield condition.acquire();
        const before = currentPass();
        expect(yield condition.waitFor(() => 'here')).toBe('here');
        expect(currentPass()).toBe(before);
        condition.release();
        const task = createTask(
          flavour(function* () {
            yield condition.acquire();
            return yield condition.waitFor(() => found[0]);
          }),
        );
        yield sleep(0);
        yield condition.acquire();
        condition.notifyAll();
        condition.release();
        yield sleep(1);
        yield condition.acquire();
        found.push('late');
        condition.notify();
        condition.release();
        expect(yield task).toBe('late');
      }),
    );
  });

  test('wait needs the lock', async () => {
    const condition = new Condition();
    await runVirtual(
      flavour(function* () {
        let message = '';
        try {
          yield condition.wait();
        } catch (error) {
          message = (error as Error).message;
        }
        expect(message).toBe('cannot wait on un-acquired lock');
      }),
    );
  });

  test('a cancelled waiter holds the lock when it sees the cancellation, however long that takes', async () => {
    const condition = new Condition();
    const log: string[] = [];
    await runVirtual(
      flavour(function* () {
        const task = startWaiter(condition, log, 'waiter');
        yield sleep(0);
        yield condition.acquire();
        task.cancel('first');
        yield sleep(5);
        task.cancel('second');
        yield sleep(5);
        expect(task.done()).toBe(false);
        condition.release();
        let message = '';
        try {
          yield task;
        } catch (error) {
          message = (error as Error).message;
        }
        expect(message).toBe('second');
        expect(condition.locked()).toBe(false);
      }),
    );
    expect(log).toEqual(['waiter CancelledError']);
  });

  test('a waiter that was notified and is cancelled passes the notification on', async () => {
    const condition = new Condition();
    const log: string[] = [];
    await runVirtual(
      flavour(function* () {
        const first = startWaiter(condition, log, 'first');
        const second = startWaiter(condition, log, 'second');
        yield sleep(0);
        yield condition.acquire();
        condition.notify();
        condition.release();
        first.cancel();
        yield second;
        expect(first.cancelled()).toBe(true);
      }),
    );
    expect(log).toEqual(['first CancelledError', 'second true']);
  });
});

test('conditions can share a lock', async () => {
  const lock = new Lock();
  const [notEmpty, notFull] = [new Condition(lock), new Condition(lock)];
  await runVirtual(async () => {
    using _ = await notEmpty.acquire();
    expect(notFull.locked()).toBe(true);
    notFull.notify();
  });
  expect(lock.locked()).toBe(false);
});

test('notifying needs the lock', () => {
  expect(() => new Condition().notify()).toThrow('cannot notify on un-acquired lock');
  expect(() => new Condition().notifyAll()).toThrow('cannot notify on un-acquired lock');
});
