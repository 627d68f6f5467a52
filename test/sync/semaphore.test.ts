import { BoundedSemaphore, createTask, Semaphore, sleep } from 'coriolis';
import { describe, expect, test } from 'vitest';
import { currentPass, flavours, runVirtual } from './virtual.ts';

describe.each(flavours)('Semaphore in %s tasks', (_name, flavour) => {
  const startHolder = (semaphore: Semaphore, log: string[], name: string) =>
    createTask(
      flavour(function* () {
        yield semaphore.acquire();
        log.push(name);
      }),
    );

  test('gives its permits without suspending, and not before they are awaited', async () => {
    const semaphore = new Semaphore(2);
    await runVirtual(
      flavour(function* () {
        const before = currentPass();
        const acquisition = semaphore.acquire();
        expect(semaphore.value).toBe(2);
        yield acquisition;
        expect(semaphore.locked()).toBe(false);
        const guard = yield semaphore.acquire();
        expect(semaphore.locked()).toBe(true);
        expect(currentPass()).toBe(before);
        guard[Symbol.dispose]();
        guard[Symbol.dispose]();
        expect(semaphore.value).toBe(1);
      }),
    );
  });

  test('is locked for newcomers while somebody who was woken has not run, even with permits left', async () => {
    const semaphore = new Semaphore(0);
    const log: string[] = [];
    await runVirtual(
      flavour(function* () {
        const waiter = startHolder(semaphore, log, 'waiter');
        yield sleep(0);
        semaphore.release();
        semaphore.release();
        expect(semaphore.value).toBe(1);
        expect(semaphore.locked()).toBe(true);
        yield semaphore.acquire();
        log.push('newcomer');
        yield waiter;
      }),
    );
    expect(log).toEqual(['waiter', 'newcomer']);
    expect(semaphore.value).toBe(0);
  });

  test('several releases wake several waiters in one pass', async () => {
    const semaphore = new Semaphore(0);
    const log: string[] = [];
    await runVirtual(
      flavour(function* () {
        const tasks = ['a', 'b', 'c'].map((name) => startHolder(semaphore, log, name));
        yield sleep(0);
        semaphore.release();
        semaphore.release();
        yield sleep(0);
        expect(log).toEqual(['a', 'b']);
        semaphore.release();
        for (const task of tasks) yield task;
      }),
    );
    expect(log).toEqual(['a', 'b', 'c']);
  });

  test('a permit given to a waiter that is then cancelled goes to the next', async () => {
    const semaphore = new Semaphore(0);
    const log: string[] = [];
    await runVirtual(
      flavour(function* () {
        const first = startHolder(semaphore, log, 'first');
        const second = startHolder(semaphore, log, 'second');
        yield sleep(0);
        semaphore.release();
        first.cancel();
        yield second;
        expect(first.cancelled()).toBe(true);
      }),
    );
    expect(log).toEqual(['second']);
    expect(semaphore.value).toBe(0);
  });

  test('a waiter that is cancelled while it waits takes no permit', async () => {
    const semaphore = new Semaphore(0);
    const log: string[] = [];
    await runVirtual(
      flavour(function* () {
        const first = startHolder(semaphore, log, 'first');
        yield sleep(0);
        first.cancel();
        semaphore.release();
        expect(semaphore.value).toBe(1);
        yield sleep(0);
        expect(semaphore.locked()).toBe(false);
        yield semaphore.acquire();
      }),
    );
    expect(log).toEqual([]);
  });
});

test('a bounded semaphore notices a release too many', async () => {
  const semaphore = new BoundedSemaphore(1);
  expect(() => semaphore.release()).toThrow(RangeError);
  await runVirtual(function* () {
    yield* semaphore.acquire();
    semaphore.release();
    expect(() => semaphore.release()).toThrow('BoundedSemaphore released too many times');
  });
});

test.each([-1, 0.5, Number.NaN])('%d is no number of permits', (permits) => {
  expect(() => new Semaphore(permits)).toThrow(RangeError);
});
