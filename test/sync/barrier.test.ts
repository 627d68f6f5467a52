import { Barrier, BrokenBarrierError, createTask, sleep } from 'coriolis';
import { describe, expect, test } from 'vitest';
import { currentPass, flavours, runVirtual } from './virtual.ts';

describe.each(flavours)('Barrier in %s tasks', (_name, flavour) => {
  const startParty = (barrier: Barrier, log: string[], name: string) =>
    createTask(
      flavour(function* () {
        try {
          log.push(`${name} ${yield barrier.wait()}`);
        } catch (error) {
          log.push(`${name} ${(error as Error).name}`);
          throw error;
        }
      }),
    );

  test('of one never waits', async () => {
    const barrier = new Barrier(1);
    await runVirtual(
      flavour(function* () {
        const before = currentPass();
        expect(yield barrier.wait()).toBe(0);
        expect(yield barrier.wait()).toBe(0);
        expect(currentPass()).toBe(before);
      }),
    );
  });

  test('lets all go when the last one comes, round after round', async () => {
    const barrier = new Barrier(3);
    const log: string[] = [];
    await runVirtual(
      flavour(function* () {
        const tasks = [startParty(barrier, log, 'a'), startParty(barrier, log, 'b')];
        yield sleep(1);
        expect(barrier.nWaiting).toBe(2);
        expect(log).toEqual([]);
        for (const name of ['c', 'd', 'e', 'f']) tasks.push(startParty(barrier, log, name));
        for (const task of tasks) yield task;
      }),
    );
    expect(log.slice(0, 3).sort()).toEqual(['a 0', 'b 1', 'c 2']);
    expect(log.slice(3).sort()).toEqual(['d 0', 'e 1', 'f 2']);
    expect(barrier.nWaiting).toBe(0);
  });

  test('waits for another in place of a waiter that is cancelled', async () => {
    const barrier = new Barrier(2);
    const log: string[] = [];
    await runVirtual(
      flavour(function* () {
        const cancelled = startParty(barrier, log, 'a');
        yield sleep(1);
        cancelled.cancel();
        yield sleep(1);
        expect(barrier.nWaiting).toBe(0);
        const tasks = [startParty(barrier, log, 'b'), startParty(barrier, log, 'c')];
        for (const task of tasks) yield task;
      }),
    );
    expect(log).toEqual(['a CancelledError', 'c 1', 'b 0']);
  });

  test('abort breaks it for those who wait and those who come, until reset', async () => {
    const barrier = new Barrier(2);
    const log: string[] = [];
    await runVirtual(
      flavour(function* () {
        const waiting = startParty(barrier, log, 'waiting');
        yield sleep(1);
        yield barrier.abort();
        yield sleep(1);
        expect(barrier.broken).toBe(true);
        expect(waiting.exception()).toBeInstanceOf(BrokenBarrierError);
        const late = startParty(barrier, log, 'late');
        yield sleep(1);
        expect(late.exception()).toBeInstanceOf(BrokenBarrierError);
        yield barrier.reset();
        expect(barrier.broken).toBe(false);
        const tasks = [startParty(barrier, log, 'a'), startParty(barrier, log, 'b')];
        for (const task of tasks) yield task;
      }),
    );
    expect(log).toEqual(['waiting BrokenBarrierError', 'late BrokenBarrierError', 'b 1', 'a 0']);
  });

  test('reset breaks it for those who wait only', async () => {
    const barrier = new Barrier(2);
    const log: string[] = [];
    await runVirtual(
      flavour(function* () {
        const waiting = startParty(barrier, log, 'waiting');
        yield sleep(1);
        yield barrier.reset();
        const tasks = [startParty(barrier, log, 'a'), startParty(barrier, log, 'b')];
        for (const task of tasks) yield task;
        expect(waiting.exception()).toBeInstanceOf(BrokenBarrierError);
      }),
    );
    expect(log).toEqual(['waiting BrokenBarrierError', 'b 1', 'a 0']);
  });
});

test.each([0, -1, 1.5])('%d is no number of parties', (parties) => {
  expect(() => new Barrier(parties)).toThrow(RangeError);
});
