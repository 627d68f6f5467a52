import { createTask, gather, getEventLoop, newEventLoop, setEventLoopPolicy, sleep } from 'coriolis';
import { runVirtual, VirtualClock, VirtualEventLoop } from 'coriolis/testing';
import { describe, expect, it } from 'vitest';
import { typeError, wrong } from '../support/wrong-arguments.ts';

describe('arguments of loops', () => {
  it('policies have their three methods', () => {
    for (const policy of [{}, 5, { newEventLoop() {} }])
      expect(() => setEventLoopPolicy(wrong(policy))).toThrow(typeError('policy'));
    setEventLoopPolicy(null);
  });

  it('executors can run', () => {
    const loop = newEventLoop();
    expect(() => loop.runInExecutor(wrong({}), 1)).toThrow(typeError('executor', 'an instance of Object'));
    for (const executor of [{}, 5, undefined, new Map()])
      expect(() => loop.setDefaultExecutor(wrong(executor))).toThrow(typeError('executor'));
    expect(() => loop.setDefaultExecutor(wrong(new Map()))).toThrow('Received an instance of Map');
    loop.close();
  });

  it('virtual clocks', async () => {
    await expect(runVirtual(() => {}, { clock: wrong(5) })).rejects.toThrow(typeError('clock'));
    expect(() => new VirtualEventLoop(wrong({}))).toThrow(typeError('clock'));
    const outOfRange = expect.objectContaining({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
    expect(() => new VirtualClock(NaN)).toThrow(outOfRange);
    expect(() => new VirtualClock(wrong('5'))).toThrow(typeError('startMs'));
    expect(() => new VirtualClock().advance(-1)).toThrow(outOfRange);
    expect(() => new VirtualClock().advance(wrong('5'))).toThrow(typeError('byMs'));
  });
});

describe('a loop that nobody runs', () => {
  it('keeps callbacks and tasks waiting, the default one too', async () => {
    setEventLoopPolicy(null);
    const loop = getEventLoop();
    const seen: string[] = [];
    loop.callSoon(() => seen.push('callback'));
    loop.callLater(0, () => seen.push('timer'));
    const task = loop.createTask(() => void seen.push('task'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(loop.isRunning()).toBe(false);
    expect(seen).toEqual([]);
    await loop.runUntilComplete(task);
    expect(seen).toEqual(['callback', 'task', 'timer']);
    loop.close();
  });

  it('goes on when a function without a loop starts the default one', async () => {
    for (const start of [() => sleep(1), () => sleep(0), () => createTask(() => {}), () => gather([])]) {
      setEventLoopPolicy(null);
      const loop = getEventLoop();
      const seen: string[] = [];
      loop.callSoon(() => seen.push('callback'));
      loop.callLater(0, () => seen.push('timer'));
      await start();
      await sleep(1);
      expect(seen).toEqual(['callback', 'timer']);
      loop.stop();
      while (loop.isRunning()) await new Promise((resolve) => setImmediate(resolve));
      loop.close();
    }
  });
});
