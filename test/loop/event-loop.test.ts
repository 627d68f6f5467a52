import { readdirSync, writeSync } from 'node:fs';
import {
  AbstractEventLoop,
  type BaseEventLoop,
  type Coroutine,
  createTask,
  DefaultEventLoopPolicy,
  getEventLoop,
  getEventLoopPolicy,
  getRunningLoop,
  newEventLoop,
  run,
  setEventLoop,
  setEventLoopPolicy,
  sleep,
} from 'coriolis';
import { openConnection, startServer } from 'coriolis/net';
import { afterEach, describe, expect, test } from 'vitest';
import { layout } from '../../lib/native/layout.ts';
import { eventually, nodeClient } from '../support/peers.ts';
import { pipe } from '../support/pipe.ts';

const opened: AbstractEventLoop[] = [];
function makeLoop(): BaseEventLoop {
  const loop = newEventLoop() as BaseEventLoop;
  opened.push(loop);
  return loop;
}

afterEach(async () => {
  for (const loop of opened.splice(0)) await loop[Symbol.asyncDispose]();
});

describe('running', () => {
  test('runUntilComplete gives results and throws errors, of either kind of coroutine', async () => {
    const loop = makeLoop();
    expect(loop).toBeInstanceOf(AbstractEventLoop);
    function* answer(): Coroutine<number> {
      yield* sleep(1);
      return 42;
    }
    expect(await loop.runUntilComplete(answer())).toBe(42);
    expect(
      await loop.runUntilComplete(async () => {
        await sleep(1);
        return 43;
      }),
    ).toBe(43);
    const failure = new Error('no');
    await expect(
      loop.runUntilComplete(function* (): Coroutine<void> {
        yield* sleep(0);
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(loop.isRunning()).toBe(false);
  });

  test('handles wait until the loop runs; stop ends the run after the pass, what is ready stays', async () => {
    const loop = makeLoop();
    const seen: string[] = [];
    loop.callSoon(() => {
      seen.push('first');
      loop.stop();
      loop.callSoon(() => seen.push('later'));
    });
    loop.callSoon(() => seen.push('second'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(seen).toEqual([]);
    await loop.runForever();
    expect(seen).toEqual(['first', 'second']);
    await loop.runUntilComplete(sleep(0));
    expect(seen).toEqual(['first', 'second', 'later']);
  });

  test('stop before run: exactly one pass', async () => {
    const loop = makeLoop();
    const seen: number[] = [];
    loop.stop();
    loop.callSoon(() => {
      seen.push(1);
      loop.callSoon(() => seen.push(2));
    });
    await loop.runForever();
    expect(seen).toEqual([1]);
  });

  test('a stopped loop rests, also while things happen to its sockets and descriptors', async () => {
    const loop = makeLoop();
    const { read, write, close } = pipe();
    const { poller } = loop.scheduler;
    const turns = () => (poller as unknown as { words: Int32Array }).words[layout.turns]!;
    const server = await loop.runUntilComplete(startServer(async () => {}, { host: '127.0.0.1' }));
    let calls = 0;
    loop.addReader(read, () => calls++);
    await loop.runUntilComplete(sleep(1));
    const before = turns();
    writeSync(write, 'x');
    const client = await nodeClient(server.addresses[0]!.port);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(turns() - before).toBeLessThan(10);
    expect(calls).toBe(0);
    await loop.runUntilComplete(sleep(1));
    expect(calls).toBeGreaterThan(0);
    expect(server.connections).toBeLessThanOrEqual(1);
    client.destroy();
    loop.removeReader(read);
    close();
  });

  test('closing a loop closes the sockets of its streams and servers', async () => {
    const loop = makeLoop();
    const before = readdirSync('/proc/self/fd').length;
    const server = await loop.runUntilComplete(
      startServer(async (stream) => void (await stream.read()), { host: '127.0.0.1' }),
    );
    const { port } = server.addresses[0]!;
    await loop.runUntilComplete(async () => {
      await openConnection({ host: '127.0.0.1', port });
      while (server.connections === 0) await sleep(1);
    });
    loop.setExceptionHandler(() => {});
    loop.close();
    await eventually(() => readdirSync('/proc/self/fd').length < before);
    await expect(nodeClient(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('a loop that is stopped before the future is done says so', async () => {
    const loop = makeLoop();
    loop.callLater(1, () => loop.stop());
    await expect(loop.runUntilComplete(loop.createFuture())).rejects.toThrow(
      'Event loop stopped before Future completed',
    );
  });

  test('running twice, or inside another loop, is refused', async () => {
    const loop = makeLoop();
    const running = loop.runForever();
    expect(() => loop.runForever()).toThrow('already running');
    await expect(loop.runUntilComplete(sleep(0))).rejects.toThrow('already running');
    expect(() => loop.close()).toThrow('Cannot close a running event loop');
    const other = makeLoop();
    const refused = await new Promise((resolve) => {
      loop.callSoon(() => {
        try {
          void other.runForever();
        } catch (error) {
          resolve((error as Error).message);
        }
      });
    });
    expect(refused).toContain('another loop is running');
    loop.stop();
    await running;
  });

  test('a closed loop refuses everything; closing twice is fine', async () => {
    const loop = makeLoop();
    loop.close();
    loop.close();
    expect(loop.isClosed()).toBe(true);
    expect(() => loop.callSoon(() => {})).toThrow('Event loop is closed');
    expect(() => loop.callLater(1, () => {})).toThrow('Event loop is closed');
    expect(() => loop.createTask(sleep(1))).toThrow('Event loop is closed');
    expect(() => loop.addReader(0, () => {})).toThrow('Event loop is closed');
    expect(() => loop.runForever()).toThrow('Event loop is closed');
    expect(loop.removeReader(0)).toBe(false);
  });

  test('several loops on one thread run beside each other', async () => {
    const loops = [makeLoop(), makeLoop(), makeLoop()];
    const counts = await Promise.all(
      loops.map((loop) =>
        loop.runUntilComplete(async () => {
          for (let index = 0; index < 20; index++) {
            await sleep(0.3);
            expect(getRunningLoop()).toBe(loop);
          }
          return 20;
        }),
      ),
    );
    expect(counts).toEqual([20, 20, 20]);
  });

  test('a loop may give work to another one at any time', async () => {
    const first = makeLoop();
    const second = makeLoop();
    const runs = [first.runForever(), second.runForever()];
    for (const [giver, taker] of [
      [first, second],
      [second, first],
    ] as const) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      let late = false;
      const timer = setTimeout(() => {
        late = true;
      }, 1000);
      await new Promise((resolve) => {
        setTimeout(() => giver.callSoon(() => taker.callSoon(resolve, null)), 5);
      });
      clearTimeout(timer);
      expect(late).toBe(false);
    }
    first.stop();
    second.stop();
    await Promise.all(runs);
  });

  test('Node’s own timers and immediates go on beside a busy loop', async () => {
    const loop = makeLoop();
    let passes = 0;
    let immediates = 0;
    let timeouts = 0;
    const handle = setInterval(() => timeouts++, 1);
    let stopped = false;
    setImmediate(function again() {
      if (stopped) return;
      immediates++;
      setImmediate(again);
    });
    const spin = () => {
      passes++;
      loop.callSoon(spin);
    };
    loop.callSoon(spin);
    const running = loop.runForever();
    await eventually(() => immediates > 5 && timeouts > 5);
    stopped = true;
    clearInterval(handle);
    loop.stop();
    await running;
    expect(passes).toBeGreaterThan(immediates);
  });
});

describe('callbacks', () => {
  test('a callback that throws is reported; the loop goes on', async () => {
    const loop = makeLoop();
    const reports: unknown[] = [];
    loop.setExceptionHandler((reporting, context) => {
      expect(reporting).toBe(loop);
      reports.push(context.exception);
    });
    const failure = new Error('callback failed');
    loop.callSoon(() => {
      throw failure;
    });
    expect(await loop.runUntilComplete(sleep(1, 'still there'))).toBe('still there');
    expect(reports).toEqual([failure]);
    expect(loop.getExceptionHandler()).not.toBeNull();
  });

  test('without a handler it is an unhandled rejection; a failing handler falls back to that', async () => {
    const loop = makeLoop();
    const failure = new Error('nobody looks');
    const rejections: unknown[] = [];
    const listeners = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', (reason) => rejections.push(reason));
    try {
      loop.callSoon(() => {
        throw failure;
      });
      await loop.runUntilComplete(sleep(5));
      expect(rejections).toEqual([failure]);
      const second = new Error('handler failed');
      loop.setExceptionHandler(() => {
        throw second;
      });
      loop.callSoon(() => {
        throw failure;
      });
      await loop.runUntilComplete(sleep(5));
      expect(rejections).toEqual([failure, second]);
    } finally {
      process.removeAllListeners('unhandledRejection');
      for (const listener of listeners) process.on('unhandledRejection', listener);
    }
  });

  test('arguments, order, cancellation and time', async () => {
    const loop = makeLoop();
    const seen: unknown[] = [];
    const start = loop.time();
    loop.callLater(2, (a: number, b: string) => seen.push([a, b]), 1, 'x');
    loop.callAt(start + 1, () => seen.push('earlier'));
    loop.callLater(1.5, () => seen.push('never')).cancel();
    const soon = loop.callSoon(() => seen.push('cancelled'));
    soon.cancel();
    expect(soon.cancelled()).toBe(true);
    const timer = loop.callLater(1000, () => {});
    expect(timer.when()).toBeGreaterThan(start + 999);
    timer.cancel();
    await loop.runUntilComplete(sleep(4));
    expect(seen).toEqual(['earlier', [1, 'x']]);
    expect(loop.time()).toBeGreaterThanOrEqual(start + 4);
  });

  test('wrong arguments are named', () => {
    const loop = makeLoop();
    expect(() => loop.callSoon('x' as never)).toThrow('"callback"');
    expect(() => loop.callLater('1' as never, () => {})).toThrow('"delayMs"');
    expect(() => loop.callLater(Number.NaN, () => {})).toThrow(RangeError);
    expect(() => loop.setExceptionHandler(5 as never)).toThrow('"handler"');
    expect(() => loop.setTaskFactory(5 as never)).toThrow('"factory"');
    expect(() => setEventLoop({} as never)).toThrow('"loop"');
    expect(() => loop.addReader(-1, () => {})).toThrow('"fd"');
    expect(() => loop.addReader(99_999, () => {})).toThrow('EBADF');
  });
});

describe('policy', () => {
  test('a custom policy makes the loops; set and get', async () => {
    const before = getEventLoopPolicy();
    let made = 0;
    class Counting extends DefaultEventLoopPolicy {
      override newEventLoop(): AbstractEventLoop {
        made++;
        return super.newEventLoop();
      }
    }
    setEventLoopPolicy(new Counting());
    try {
      const loop = newEventLoop();
      expect(made).toBe(1);
      setEventLoop(loop);
      expect(getEventLoop()).toBe(loop);
      setEventLoop(null);
      const fresh = getEventLoop();
      expect(fresh).not.toBe(loop);
      expect(getEventLoop()).toBe(fresh);
      expect(made).toBe(2);
      loop.close();
      fresh.close();
    } finally {
      setEventLoopPolicy(before);
    }
  });

  test('getRunningLoop: the loop of the code at hand; none outside', async () => {
    expect(() => getRunningLoop()).toThrow('no running event loop');
    const loop = makeLoop();
    await loop.runUntilComplete(async () => {
      expect(getRunningLoop()).toBe(loop);
      await new Promise((resolve) => setTimeout(resolve, 1));
      expect(getRunningLoop()).toBe(loop);
    });
  });

  test('in ordinary Node code the flat functions use the default loop, and the process can end', async () => {
    const begun = performance.now();
    await sleep(2);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(2);
    const task = createTask(async () => 'done');
    expect(await task).toBe('done');
    const loop = getEventLoop();
    expect(loop.isRunning()).toBe(true);
    loop.stop();
    await eventually(() => !loop.isRunning());
    loop.close();
    setEventLoop(null);
  });

  test('run refuses to nest', () =>
    run(async () => {
      await expect(run(async () => {})).rejects.toThrow('cannot be called from a running event loop');
    }));
});

describe('descriptors', () => {
  test('a reader is called while there is something to read, a writer while there is room', async () => {
    const loop = makeLoop();
    const { read, write, close } = pipe();
    const seen: string[] = [];
    const done = loop.createFuture<void>();
    loop.addReader(
      read,
      (label: string) => {
        seen.push(label);
        if (seen.length === 3) {
          // Nothing was read so far: level-triggered, so it was called again and again.
          expect(loop.removeReader(read)).toBe(true);
          done.setResult();
        }
      },
      'readable',
    );
    let writable = 0;
    loop.addWriter(write, () => {
      writable++;
      loop.removeWriter(write);
      writeSync(write, 'x');
    });
    await loop.runUntilComplete(done);
    expect(seen).toEqual(['readable', 'readable', 'readable']);
    expect(writable).toBe(1);
    expect(loop.removeReader(read)).toBe(false);
    close();
  });

  test('a second reader replaces the first; closing the loop with a reader pending is fine', async () => {
    const loop = makeLoop();
    const { read, write, close } = pipe();
    const done = loop.createFuture<string>();
    loop.addReader(read, () => done.setResult('first'));
    loop.addReader(read, () => {
      loop.removeReader(read);
      done.setResult('second');
    });
    writeSync(write, 'x');
    expect(await loop.runUntilComplete(done)).toBe('second');
    loop.addWriter(write, () => {});
    loop.close();
    close();
  });
});

describe('signals', () => {
  test('a handler runs as a callback of the loop, with its arguments', async () => {
    const loop = makeLoop();
    const got = loop.createFuture<unknown[]>();
    loop.addSignalHandler(
      'SIGUSR2',
      (...args: unknown[]) => {
        got.setResult([...args, getRunningLoop() === loop]);
      },
      1,
      2,
    );
    const running = loop.runUntilComplete(got);
    process.kill(process.pid, 'SIGUSR2');
    expect(await running).toEqual([1, 2, true]);
    expect(loop.removeSignalHandler('SIGUSR2')).toBe(true);
    expect(loop.removeSignalHandler('SIGUSR2')).toBe(false);
    expect(process.listenerCount('SIGUSR2')).toBe(0);
  });

  test('what cannot be a handler, or cannot be handled, is refused', () => {
    const loop = makeLoop();
    expect(() => loop.addSignalHandler('SIGKILL', () => {})).toThrow(RangeError);
    expect(() => loop.addSignalHandler('SIGWHAT' as never, () => {})).toThrow('"signal"');
    expect(() => loop.addSignalHandler('SIGUSR2', async () => {})).toThrow(
      'Coroutines cannot be signal handlers',
    );
    expect(() => loop.addSignalHandler('SIGUSR2', 5 as never)).toThrow('"callback"');
  });
});
