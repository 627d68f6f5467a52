import { getEventListeners } from 'node:events';
import { CancelScope, createTask, currentTask, getRunningLoop, moveOnAfter, sleep, timeout } from 'coriolis';
import { runVirtual } from 'coriolis/testing';
import { describe, expect, it } from 'vitest';
import type { Scheduler } from '../../lib/scheduler/scheduler.ts';
import { collectGarbage } from './garbage.ts';
import { errorOf, virtually } from './support.ts';

const schedulerOf = (loop: object) => (loop as { scheduler: Scheduler }).scheduler;

describe('nothing is kept', () => {
  it(
    'of 100,000 operations on one AbortSignal',
    virtually(function* () {
      const { signal } = new AbortController();
      for (let round = 0; round < 100_000; round++) {
        yield* new CancelScope({ signal }).run(() => sleep(0));
        if (round % 10_000 === 0) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
      }
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    }),
  );

  it(
    'of work given to an executor together with a signal',
    virtually(function* () {
      const { signal } = new AbortController();
      const loop = getRunningLoop();
      const executor = {
        run: (task: unknown) => (task === 'ends' ? Promise.resolve() : new Promise(() => {})),
      };
      const refusing = {
        run: () => {
          throw new Error('refused');
        },
      };
      yield* loop.runInExecutor(executor, 'ends', { signal });
      const cancelled = loop.runInExecutor(executor, 'never ends', { signal });
      expect(getEventListeners(signal, 'abort')).toHaveLength(1);
      cancelled.cancel();
      yield* errorOf(cancelled);
      expect(() => loop.runInExecutor(refusing, 'x', { signal })).toThrow('refused');
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    }),
  );

  it(
    'of cancelled timers',
    virtually(function* () {
      const scheduler = schedulerOf(getRunningLoop());
      const loop = getRunningLoop();
      for (let round = 0; round < 20_000; round++) {
        yield* timeout(30_000, () => sleep(0));
        yield* moveOnAfter(30_000, () => sleep(0));
        loop.callLater(30_000, () => {}).cancel();
        const task = createTask(() => sleep(30_000));
        yield* sleep(0);
        task.cancel();
        yield* errorOf(task);
      }
      expect(scheduler.timerCount).toBeLessThan(200);
      expect(currentTask()!.awaiting).toEqual([]);
    }),
  );

  it('of finished tasks, generators or async functions, also failed ones that somebody looked at', async () => {
    const finished: WeakRef<object>[] = [];
    await runVirtual(function* () {
      for (const body of [() => sleep(1), async () => await sleep(1)]) {
        for (let count = 0; count < 50; count++) {
          const task = createTask(body as () => Promise<void>);
          finished.push(new WeakRef(task));
          yield* task;
          const failing = createTask(() => Promise.reject(new Error('x')));
          finished.push(new WeakRef(failing));
          yield* errorOf(failing);
        }
      }
    });
    // Failures are looked at again for up to a second.
    for (let attempt = 0; attempt < 40; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      collectGarbage();
      if (finished.every((task) => task.deref() === undefined)) break;
    }
    expect(finished.filter((task) => task.deref() !== undefined)).toHaveLength(0);
  });
});
