import { channel } from 'node:diagnostics_channel';
import {
  addInstrument,
  allTasks,
  CancelledError,
  type Coroutine,
  captureCallGraph,
  coroutine,
  createTask,
  currentTask,
  formatCallGraph,
  gather,
  getRunningLoop,
  run,
  sleep,
  type TaskBody,
  taskGroup,
  toThread,
  wait,
  waitFor,
  wrapPromise,
} from 'coriolis';
import { VirtualEventLoop } from 'coriolis/testing';
import { describe, expect, it, vi } from 'vitest';
import { collectGarbage } from './garbage.ts';
import { errorOf, virtually, virtuallyAsync } from './support.ts';

describe('wrapPromise', () => {
  it(
    'waits for a promise from elsewhere, in real time if need be, and can be cancelled',
    virtually(function* (clock) {
      expect(yield* wrapPromise(new Promise((resolve) => setTimeout(resolve, 5, 'timer')))).toBe('timer');
      expect(clock.now()).toBe(0);
      expect(String(yield* errorOf(wrapPromise(Promise.reject(new Error('no')))))).toBe('Error: no');
      let aborted: unknown;
      const task = createTask(function* () {
        yield* wrapPromise(
          (signal) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => {
                aborted = signal.reason;
                reject(signal.reason);
              });
            }),
        );
      });
      yield* sleep(0);
      task.cancel();
      expect(yield* errorOf(task)).toBeInstanceOf(CancelledError);
      expect(aborted).toBeInstanceOf(CancelledError);
    }),
  );
});

describe('executors', () => {
  it(
    'run work through anything with `run`',
    virtually(function* () {
      const calls: unknown[] = [];
      const executor = {
        run: async (task: unknown, options?: { signal?: AbortSignal; name?: string }) => {
          calls.push([task, options?.name, options?.signal instanceof AbortSignal]);
          return 'result';
        },
      };
      expect(() => toThread('x')).toThrow('no default executor');
      getRunningLoop().setDefaultExecutor(executor);
      expect(yield* toThread('work', { name: 'job' })).toBe('result');
      expect(yield* getRunningLoop().runInExecutor(executor, 'other')).toBe('result');
      expect(() => getRunningLoop().runInExecutor({ run: () => 5 } as never, 'x')).toThrow(
        'must return a Promise',
      );
      expect(calls).toEqual([
        ['work', 'job', true],
        ['other', undefined, true],
      ]);
    }),
  );
});

describe('an executor', () => {
  it(
    'hears of the caller’s own signal, and of the cancellation',
    virtually(function* () {
      const signals: AbortSignal[] = [];
      const executor = {
        run: (_task: unknown, options?: { signal?: AbortSignal }) => {
          signals.push(options!.signal!);
          return new Promise(() => {});
        },
      };
      const controller = new AbortController();
      const loop = getRunningLoop();
      const futures = [0, 1].map((task) => loop.runInExecutor(executor, task, { signal: controller.signal }));
      futures[0]!.cancel();
      expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
      controller.abort();
      expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
      futures[1]!.cancel();
      yield* sleep(0);
    }),
  );
});

describe('the clock of a real loop', () => {
  it('goes on under a test’s fake timers', async () => {
    vi.useFakeTimers();
    try {
      await run(() => sleep(5));
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('allTasks', () => {
  it('can be asked for in ordinary Node code while a loop runs', async () => {
    expect(() => allTasks()).toThrow('no running event loop');
    const finished = run(() => sleep(20));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(allTasks().size).toBe(1);
    await finished;
  });
});

describe('instruments', () => {
  it(
    'see every task and every step, until they are removed',
    virtually(function* () {
      const events: string[] = [];
      const note = (event: string) => (task: { getName(): string }) =>
        events.push(`${event} ${task.getName()}`);
      const published: unknown[] = [];
      const listener = (message: unknown) => void published.push(message);
      channel('coriolis.task.exited').subscribe(listener);
      const remove = addInstrument({
        spawned: note('spawned'),
        beforeStep: note('before'),
        afterStep: note('after'),
        exited: note('exited'),
      });
      const task = createTask(() => sleep(1), { name: 'G' });
      yield* task;
      remove();
      channel('coriolis.task.exited').unsubscribe(listener);
      yield* createTask(() => sleep(1));
      expect(events.filter((event) => event.endsWith(' G'))).toEqual([
        'spawned G',
        'before G',
        'after G',
        'before G',
        'exited G',
        'after G',
      ]);
      expect(published.map((message) => (message as { task: unknown }).task === task)).toEqual([true]);
    }),
  );
});

describe('instruments, of async functions', () => {
  const bodies: [string, () => TaskBody<unknown>][] = [
    [
      'a generator',
      () =>
        function* () {
          yield* sleep(1);
        },
    ],
    [
      'an async function',
      () => async () => {
        await sleep(1);
      },
    ],
    [
      'an async function that awaits a coroutine',
      () => async () => {
        await waitFor(sleep(1), 5);
      },
    ],
    ['a generator with an async part', () => () => waitFor(async () => await sleep(1), 5)],
    [
      'a bare pass',
      () => async () => {
        await sleep(0);
      },
    ],
    [
      'a failure',
      () => async () => {
        await sleep(1);
        throw new Error('mine');
      },
    ],
  ];
  for (const [name, body] of bodies) {
    it(
      `see as many starts as ends, and the exit in the last step: ${name}`,
      virtually(function* () {
        const events: string[] = [];
        const note = (event: string) => (task: { getName(): string }) => {
          if (task.getName() === 'watched') events.push(event);
        };
        const remove = addInstrument({
          spawned: note('spawned'),
          beforeStep: note('before'),
          afterStep: note('after'),
          exited: note('exited'),
        });
        const task = createTask(body(), { name: 'watched' });
        yield* wait([task]);
        remove();
        if (name === 'a failure') task.exception();
        expect(events).toEqual(['spawned', 'before', 'after', 'before', 'exited', 'after']);
      }),
    );
  }

  it(
    'see none twice when awaits run side by side, or a promise comes from elsewhere',
    virtually(function* () {
      const events: string[] = [];
      const remove = addInstrument({
        beforeStep: (task) => void (task.getName() === 'watched' && events.push('before')),
        afterStep: (task) => void (task.getName() === 'watched' && events.push('after')),
      });
      yield* createTask(
        async () => {
          await Promise.all([sleep(1), sleep(2), waitFor(sleep(3), 5)]);
          await new Promise((resolve) => setTimeout(resolve, 1));
          await sleep(1);
        },
        { name: 'watched' },
      );
      remove();
      expect(events.length % 2).toBe(0);
      for (const [at, event] of events.entries()) expect(event).toBe(at % 2 === 0 ? 'before' : 'after');
    }),
  );
});

describe('call graphs', () => {
  it(
    'show who waits for whom',
    virtually(function* () {
      const leaf = createTask(() => sleep(10), { name: 'leaf' });
      createTask(() => gather([leaf]), { name: 'gatherer' });
      createTask(async () => void (await leaf), { name: 'async' });
      createTask(
        () =>
          taskGroup(function* (group) {
            group.createTask(() => leaf, { name: 'member' });
          }),
        { name: 'parent' },
      );
      yield* sleep(1);
      const text = formatCallGraph(leaf);
      for (const name of ['leaf', 'gatherer', 'async', 'member', 'parent'])
        expect(text).toContain(`Task '${name}'`);
      expect(text).toContain('waits for sleep(10)');
      const graph = captureCallGraph(leaf)!;
      expect(graph.awaitedBy.map((each) => each.description).sort()).toEqual([
        "Task 'async'",
        "Task 'member'",
        'gather of 1',
      ]);
    }),
  );
});

describe('failures that nobody looks at', () => {
  async function reportsOf(main: () => Coroutine<void>): Promise<unknown[]> {
    const loop = new VirtualEventLoop();
    const reports: unknown[] = [];
    loop.setExceptionHandler((_loop, context) => void reports.push((context.exception as Error).message));
    await loop.runUntilComplete(main);
    loop.close();
    return reports;
  }

  function* boom(message: string): Coroutine<void> {
    throw new Error(message);
  }

  it('are reported once, at the latest when the loop closes', async () => {
    const reports = await reportsOf(function* () {
      createTask(boom('unseen'));
      const seen = createTask(boom('seen'));
      const later = createTask(boom('looked at later'));
      const cancelled = createTask(() => sleep(100));
      yield* errorOf(seen);
      cancelled.cancel();
      yield* sleep(5);
      later.exception();
    });
    expect(reports).toEqual(['unseen']);
  });

  it('are reported after a second if the loop goes on', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const loop = new VirtualEventLoop();
      const reports: string[] = [];
      loop.setExceptionHandler((_loop, { message }) => void reports.push(message));
      const task = loop.createTask(boom('unseen'), { name: 'lonely' });
      loop.callSoon(() => loop.callSoon(() => loop.stop()));
      await loop.runForever();
      expect([task.done(), reports]).toEqual([true, []]);
      vi.advanceTimersByTime(1100);
      expect(reports).toEqual(["Task 'lonely' failed and nobody looked at its error"]);
      vi.advanceTimersByTime(5000);
      loop.close();
      expect(reports).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('debug mode', () => {
  async function warningsOf(main: () => Promise<void>, slowMs = 1e6): Promise<string[]> {
    const warnings: string[] = [];
    const listen = (warning: Error) => void warnings.push(warning.message);
    process.on('warning', listen);
    const loop = new VirtualEventLoop();
    loop.setDebug(true);
    loop.slowCallbackDuration = slowMs;
    expect(loop.getDebug()).toBe(true);
    await loop.runUntilComplete(main);
    await new Promise((resolve) => setImmediate(resolve));
    loop.setDebug(false);
    loop.close();
    process.off('warning', listen);
    return warnings;
  }

  const blockMs = 5;

  const block = () => {
    const until = performance.now() + blockMs;
    while (performance.now() < until);
  };

  const main = async () => {
    currentTask()!.setName('main');
    await createTask(
      function* () {
        yield* sleep(1);
        block();
      },
      { name: 'generator' },
    );
    await createTask(
      async () => {
        await sleep(1);
        block();
        await sleep(1);
      },
      { name: 'async' },
    );
    getRunningLoop().callSoon(function callback() {
      block();
    });
    await sleep(1);
  };

  it('tells how long each step and each callback ran, with its name', async () => {
    const steps = (await warningsOf(main, 0)).map((warning) =>
      /^(.*) ran for (.*) ms/.exec(warning)!.slice(1),
    );
    const names = steps.map(([name]) => name);
    const of = (name: string) => steps.filter((step) => step[0] === name).map((step) => Number(step[1]));
    expect(of("Task 'generator'")).toHaveLength(2);
    expect(of("Task 'generator'")[1]).toBeGreaterThanOrEqual(blockMs);
    expect(of("Task 'async'").filter((tookMs) => tookMs >= blockMs).length).toBeGreaterThan(0);
    expect(of('callback callback')[0]).toBeGreaterThanOrEqual(blockMs);
    expect(names.indexOf("Task 'generator'")).toBeLessThan(names.indexOf("Task 'async'"));
    expect(names.indexOf("Task 'async'")).toBeLessThan(names.indexOf('callback callback'));
  });

  it('tells of nothing that is quick enough', async () => {
    expect(await warningsOf(main)).toEqual([]);
  });

  it('refuses a generator function as a callback, which would never run', async () => {
    await warningsOf(async () => {
      expect(() => getRunningLoop().callSoon(function* () {} as never)).toThrow(/"callback" argument/);
    });
  });

  it('remembers where tasks were made', async () => {
    await warningsOf(async () => {
      const task = createTask(() => sleep(1));
      expect(captureCallGraph(task)!.creationStack).toContain('extras.test');
      await task;
    });
  });

  it('warns of coroutines that were never awaited', async () => {
    const forgotten = coroutine(function* forgotten() {
      yield* sleep(1);
    });
    const warnings = await warningsOf(async () => {
      (() => void forgotten())();
      await forgotten();
      await wrapPromise(new Promise((resolve) => setTimeout(resolve, 10)));
      collectGarbage();
      await wrapPromise(new Promise((resolve) => setTimeout(resolve, 10)));
    });
    expect(warnings.filter((warning) => warning.includes('never awaited'))).toEqual([
      "coroutine 'forgotten' was never awaited",
    ]);
  });
});

describe('sleep', () => {
  it(
    'takes its time, gives its result, and refuses NaN',
    virtuallyAsync(async () => {
      const loop = getRunningLoop();
      expect([await sleep(0.25, 'x'), loop.time()]).toEqual(['x', 0.25]);
      expect([await sleep(-1, 'y'), loop.time()]).toEqual(['y', 0.25]);
      expect(() => sleep(Number.NaN)).toThrow(RangeError);
    }),
  );
});
