import { createTask, getRunningLoop, Lock, sleep, wrapPromise } from 'coriolis';
import { DeadlockError, runVirtual, VirtualClock, VirtualEventLoop } from 'coriolis/testing';
import { describe, expect, it, vi } from 'vitest';

describe('runVirtual', () => {
  it('gives the result without waiting, in any flavour', async () => {
    const day = 24 * 3_600_000;
    const started = performance.now();
    const clock = new VirtualClock();
    const generator = function* () {
      yield* sleep(day);
      return getRunningLoop().time();
    };
    expect(await runVirtual(generator, { clock })).toBe(day);
    const asyncFunction = async () => {
      await sleep(day);
      return getRunningLoop().time();
    };
    expect(await runVirtual(asyncFunction)).toBe(day);
    expect([clock.now(), performance.now() - started < day]).toEqual([day, true]);
  });

  it('rejects with what main throws', async () => {
    await expect(runVirtual(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
  });

  it('cancels the tasks that are left', async () => {
    const order: string[] = [];
    await runVirtual(function* () {
      createTask(function* () {
        try {
          yield* sleep(1000);
        } finally {
          yield* sleep(1);
          order.push('cleaned up');
        }
      });
      yield* sleep(1);
    });
    expect(order).toEqual(['cleaned up']);
  });

  it('names those who are stuck, and what they wait for', async () => {
    const run = runVirtual(async () => {
      const lock = new Lock();
      await lock.acquire();
      const stuck = createTask(() => lock.acquire(), { name: 'second' });
      await stuck;
    });
    const error = await run.then(
      () => null,
      (reason: unknown) => reason as DeadlockError,
    );
    expect(error).toBeInstanceOf(DeadlockError);
    expect(error!.stuck).toHaveLength(2);
    expect(error!.stuck[0]).toContain("waits for Task 'second'");
    expect(error!.stuck[1]).toMatch(/^Task 'second' waits for .*acquire/);
  });

  it('waits in real time for promises from elsewhere', async () => {
    const result = await runVirtual(async () => {
      const real = await new Promise((resolve) => setTimeout(resolve, 5, 'real'));
      return [real, getRunningLoop().time()];
    });
    expect(result).toEqual(['real', 0]);
  });

  it('gives up on tasks that swallow the cancellation of a deadlock', async () => {
    const swallow = async () => {
      for (;;) {
        try {
          await getRunningLoop().createFuture();
        } catch {
          // Goes on.
        }
      }
    };
    await expect(runVirtual(swallow)).rejects.toThrow(DeadlockError);
    const leftBehind = runVirtual(async () => {
      createTask(swallow, { name: 'stubborn' });
      await sleep(1);
    });
    await expect(leftBehind).rejects.toThrow("Task 'stubborn'");
  }, 2000);

  it('recommends wrapPromise when promises from elsewhere may be what tasks wait for', async () => {
    const longer = () => new Promise((resolve) => setTimeout(resolve, 200));
    const error = await runVirtual(longer).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DeadlockError);
    expect(String(error)).toContain('wrapPromise');
    await expect(runVirtual(longer())).rejects.toThrow('wrapPromise');
    expect(await runVirtual(() => wrapPromise(longer()))).toBe(undefined);
    const inside = await runVirtual(() => getRunningLoop().createFuture()).catch(String);
    expect(inside).toContain('DeadlockError');
    expect(inside).not.toContain('wrapPromise');
  }, 2000);

  it('does not mind fake timers', async () => {
    vi.useFakeTimers();
    try {
      expect(await runVirtual(() => sleep(1000, 'ok'))).toBe('ok');
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('VirtualEventLoop', () => {
  it('counts passes, and its clock can be moved by hand', async () => {
    const clock = new VirtualClock(100);
    const loop = new VirtualEventLoop(clock);
    const seen: number[] = [];
    loop.callLater(10, () => seen.push(loop.time(), loop.passes));
    loop.callSoon(() => {
      seen.push(loop.passes);
      clock.advance(3);
    });
    loop.callLater(11, () => loop.stop());
    await loop.runForever();
    expect(seen).toEqual([1, 110, 2]);
    expect(() => clock.advance(-1)).toThrow(RangeError);
    expect(() => loop.addReader(0, () => {})).toThrow('no I/O');
    loop.close();
  });
});
