import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Coroutine,
  createTask,
  getEventLoop,
  getRunningLoop,
  newEventLoop,
  Runner,
  run,
  sleep,
} from 'coriolis';
import { describe, expect, test } from 'vitest';
import { runFixture } from '../support/child.ts';

describe('run', () => {
  test('gives the result of any kind of main, throws its error, closes its loop', async () => {
    let loop = getRunningLoopOrNull();
    expect(loop).toBeNull();
    expect(await run(async () => 1)).toBe(1);
    expect(
      await run(function* (): Coroutine<number> {
        yield* sleep(1);
        loop = getRunningLoop();
        return 2;
      }),
    ).toBe(2);
    expect(loop!.isClosed()).toBe(true);
    const failure = new Error('main failed');
    await expect(
      run(async () => {
        throw failure;
      }),
    ).rejects.toBe(failure);
  });

  test('tasks that are left over are cancelled and waited for; their failures are reported', async () => {
    const seen: string[] = [];
    const reports: unknown[] = [];
    const failure = new Error('while cleaning up');
    await run(async () => {
      getRunningLoop().setExceptionHandler((_, context) =>
        reports.push([context.message, context.exception]),
      );
      createTask(function* (): Coroutine<void> {
        try {
          yield* sleep(1e9);
        } finally {
          yield* sleep(1);
          seen.push('generator cleaned up');
        }
      });
      createTask(async () => {
        try {
          await sleep(1e9);
        } finally {
          await sleep(1);
          seen.push('async function cleaned up');
        }
      });
      createTask(async () => {
        try {
          await sleep(1e9);
        } catch {
          throw failure;
        }
      });
      await sleep(1);
    });
    expect(seen.sort()).toEqual(['async function cleaned up', 'generator cleaned up']);
    expect(reports).toEqual([['unhandled exception during run() shutdown', failure]]);
  });

  test('a loop factory and debug mode', async () => {
    const made = newEventLoop();
    await run(
      async () => {
        expect(getRunningLoop()).toBe(made);
        expect(made.getDebug()).toBe(true);
      },
      { loopFactory: () => made, debug: true },
    );
    expect(made.isClosed()).toBe(true);
  });

  test('what main leaves waiting outside any task does not disturb the end', async () => {
    const passes = async () => {
      for (let pass = 0; pass < 5; pass++) await sleep(0);
    };
    expect(
      await run(async () => {
        void passes();
        void passes();
        return 'main';
      }),
    ).toBe('main');
  });

  test('several runs at the same time do not mix', async () => {
    const results = await Promise.all(
      [1, 2, 3].map((value) =>
        run(async () => {
          const loop = getRunningLoop();
          for (let index = 0; index < 10; index++) {
            await sleep(0.2);
            expect(getRunningLoop()).toBe(loop);
            expect(getEventLoop()).toBe(loop);
          }
          return value;
        }),
      ),
    );
    expect(results).toEqual([1, 2, 3]);
  });
});

describe('Runner', () => {
  test('several mains share the loop', async () => {
    const storage = new AsyncLocalStorage<string>();
    const runner = new Runner();
    const loop = runner.getLoop();
    expect(await runner.run(async () => getRunningLoop() === loop)).toBe(true);
    expect(await storage.run('outside', () => runner.run(async () => storage.getStore()))).toBe('outside');
    await runner.close();
    await runner.close();
    expect(loop.isClosed()).toBe(true);
    expect(() => runner.getLoop()).toThrow('Runner is closed');
    await expect(runner.run(async () => {})).rejects.toThrow('Runner is closed');
  });

  test('refuses a second main, and to close, while it runs', async () => {
    const runner = new Runner();
    const first = runner.run(() => sleep(5, 'first'));
    let ranSecond = false;
    await expect(
      runner.run(async () => {
        ranSecond = true;
      }),
    ).rejects.toThrow('already running');
    await expect(runner.close()).rejects.toThrow('Cannot close a running event loop');
    expect(await first).toBe('first');
    await runner.close();
    expect(ranSecond).toBe(false);
  });

  test('names what is wrong with its options', async () => {
    expect(() => new Runner(null as never)).toThrow(/"options" argument/);
    expect(() => new Runner({ loopFactory: 5 as never })).toThrow(/"options.loopFactory" argument/);
    await expect(run(async () => {}, { loopFactory: (() => ({})) as never })).rejects.toThrow(
      'loopFactory must return an event loop',
    );
  });

  test('await using closes it', async () => {
    let loop: ReturnType<Runner['getLoop']>;
    {
      await using runner = new Runner();
      loop = runner.getLoop();
      await runner.run(async () => {});
    }
    expect(loop.isClosed()).toBe(true);
  });
});

describe('SIGINT', () => {
  test('the first one cancels the main task, which may clean up; run throws KeyboardInterrupt', async () => {
    const child = runFixture('interrupt');
    await child.line('ready');
    child.process.kill('SIGINT');
    expect(await child.ended).toBe(0);
    expect(child.lines).toEqual(['ready', 'cancelled CancelledError', 'cleaned', 'ended KeyboardInterrupt']);
  });

  test('the second one ends the run at once', async () => {
    const child = runFixture('interrupt', ['stubborn']);
    await child.line('ready');
    child.process.kill('SIGINT');
    await child.line('cancelled');
    child.process.kill('SIGINT');
    expect(await child.ended).toBe(0);
    expect(child.lines.at(-1)).toBe('ended KeyboardInterrupt');
  });
});

function getRunningLoopOrNull() {
  try {
    return getRunningLoop();
  } catch {
    return null;
  }
}
