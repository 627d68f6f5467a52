import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import {
  addInstrument,
  allTasks,
  asCompleted,
  CancelScope,
  coroutine,
  createTask,
  ensureFuture,
  Future,
  failAfter,
  gather,
  getRunningLoop,
  moveOnAfter,
  newEventLoop,
  run,
  SelectorEventLoop,
  sleep,
  Task,
  Timeout,
  taskGroup,
  timeout,
  timeoutAt,
  wait,
  waitFor,
  wrapPromise,
} from 'coriolis';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { typeError, wrong } from '../support/wrong-arguments.ts';
import { virtually, virtuallyAsync } from './support.ts';

const rangeError = (name: string) =>
  expect.objectContaining({
    name: 'RangeError',
    code: 'ERR_OUT_OF_RANGE',
    message: expect.stringContaining(`"${name}"`),
  });

/** What calling and awaiting throws. */
async function failure(operation: () => unknown): Promise<unknown> {
  try {
    await operation();
  } catch (error) {
    return error;
  }
  return 'no error';
}

describe('loops as arguments', () => {
  it(
    'futures take a loop, by default the running one',
    virtuallyAsync(async () => {
      const loop = getRunningLoop();
      for (const future of [new Future<number>(loop), new Future<number>()]) {
        expect(future.getLoop()).toBe(loop);
        loop.callSoon(() => future.setResult(7));
        expect(await future).toBe(7);
      }
    }),
  );

  it('ensureFuture takes a loop', async () => {
    const loop = newEventLoop();
    const task = ensureFuture(function* () {
      return yield* sleep(1, 'done');
    }, loop);
    expect(task.getLoop()).toBe(loop);
    expect(await loop.runUntilComplete(task)).toBe('done');
    await run(async () => {
      expect(() => ensureFuture(new Future(), loop)).toThrow('different event loop');
      expect(() => ensureFuture(sleep(1), wrong(5))).toThrow(typeError('loop', 'type number \\(5\\)'));
    });
    loop.close();
  });

  it('refuses other things', async () => {
    for (const loop of [{}, 5, null, 'loop', { scheduler: {} }]) {
      expect(() => new Future(wrong(loop))).toThrow(typeError('loop'));
      expect(() => new Task(wrong(loop), sleep(0))).toThrow(typeError('loop'));
      expect(() => allTasks(wrong(loop))).toThrow(typeError('loop'));
    }
    expect(() => allTasks({})).toThrow(typeError('loop', 'an instance of Object'));
  });
});

describe('gather with the options last', () => {
  it(
    'puts errors among the results',
    virtually(function* () {
      const error = new Error('failed');
      const fails = function* () {
        yield* sleep(1);
        throw error;
      };
      const both = gather(sleep(1, 'a'), createTask(fails), { returnExceptions: true });
      expectTypeOf(both).toEqualTypeOf<Future<[string | Error, Error]>>();
      expect(yield* both).toEqual(['a', error]);
      expect(yield* gather({ returnExceptions: true })).toEqual([]);
      expect(yield* gather(sleep(1, 'a'), sleep(1, 2), { returnExceptions: false })).toEqual(['a', 2]);
    }),
  );

  it(
    'takes nothing else for options',
    virtually(function* () {
      const pair = gather(sleep(1, 'a'), sleep(1, 2));
      expectTypeOf(pair).toEqualTypeOf<Future<[string, number]>>();
      expect(yield* pair).toEqual(['a', 2]);
      const awaitable = Object.assign(sleep(1, 'b'), { returnExceptions: true });
      expect(yield* gather(sleep(1, 'a'), awaitable)).toEqual(['a', 'b']);
      const list: Task<number>[] = [createTask(sleep(1, 3))];
      expectTypeOf(gather(...list)).toEqualTypeOf<Future<number[]>>();
      expect(yield* gather(...list)).toEqual([3]);
    }),
  );
});

describe('durations', () => {
  it('sleep', () => {
    for (const delay of [undefined, null, '100', {}, 5n])
      expect(() => sleep(wrong(delay))).toThrow(typeError('delayMs'));
    expect(() => sleep(wrong('100'))).toThrow(typeError('delayMs', "type string \\('100'\\)"));
    expect(() => sleep(NaN)).toThrow(rangeError('delayMs'));
  });

  it('numbers of milliseconds, or null where that means something', async () => {
    await run(async () => {
      const body = async () => 'ran';
      const never = new Future<void>();
      const cases: [name: string, use: (value: ReturnType<typeof wrong>) => unknown, nullable: boolean][] = [
        ['delayMs', (value) => timeout(value, body), true],
        ['deadlineMs', (value) => timeoutAt(value, body), true],
        ['deadlineMs', (value) => new Timeout(value), true],
        ['deadlineMs', (value) => timeout(1000, (limit) => limit.reschedule(value)), true],
        ['delayMs', (value) => moveOnAfter(value, body), false],
        ['delayMs', (value) => failAfter(value, body), false],
        ['options.deadline', (value) => new CancelScope({ deadline: value }), false],
        ['deadline', (value) => Object.assign(new CancelScope(), { deadline: value }), false],
        ['timeoutMs', (value) => waitFor(body, value), true],
        ['options.timeout', (value) => wait([sleep(1) as Future<void>], { timeout: value }), true],
        ['options.timeout', (value) => asCompleted([never], { timeout: value }), true],
      ];
      for (const [name, use, nullable] of cases) {
        expect(await failure(() => use(wrong('5'))), String(use)).toEqual(typeError(name));
        expect(await failure(() => use(wrong(NaN))), String(use)).toEqual(rangeError(name));
        expect(await failure(() => use(wrong(null))), String(use)).toEqual(
          nullable ? 'no error' : typeError(name),
        );
      }
      expect(await failure(() => wrong(waitFor)(body))).toEqual(typeError('timeoutMs', 'undefined'));
    });
  });

  it('wait knows three ends', async () => {
    await run(async () => {
      const task = createTask(sleep(1));
      const error = await failure(() => wait([task], { returnWhen: wrong('FIRST') }));
      expect(error).toEqual(rangeError('options.returnWhen'));
      expect(String(error)).toContain("Received 'FIRST'");
      await task;
    });
  });
});

describe('functions', () => {
  it('bodies', async () => {
    await run(async () => {
      const uses = [
        () => wrong(timeout)(5),
        () => timeout(5, wrong(sleep(1))),
        () => timeoutAt(null, wrong(5)),
        () => moveOnAfter(5, wrong(7)),
        () => failAfter(5, wrong(7)),
        () => new CancelScope().run(wrong(7)),
        () => taskGroup(wrong(5)),
        () =>
          taskGroup((group) => group.start(wrong(5))).then(undefined, (error) =>
            Promise.reject(error.errors[0]),
          ),
      ];
      for (const use of uses) expect(await failure(use), String(use)).toEqual(typeError('body'));
    });
  });

  it('generator functions', () => {
    for (const fn of [async () => {}, () => 5, 5, undefined, () => {}, async function* () {}])
      expect(() => coroutine(wrong(fn))).toThrow(typeError('fn'));
    expect(() => coroutine(wrong(async () => {}))).toThrow('generator function');
    const twice = coroutine(coroutine(function* named() {}) as never);
    expect(twice.name).toBe('named');
  });

  it('promises', async () => {
    await run(async () => {
      for (const source of [5, null, {}, () => 5, () => undefined])
        expect(() => wrapPromise(wrong(source))).toThrow(typeError('source'));
      expect(await wrapPromise(Promise.resolve(1))).toBe(1);
    });
  });

  it('callbacks and instruments', async () => {
    await run(async () => {
      expect(() => new Future().addDoneCallback(wrong(5))).toThrow(typeError('callback'));
      expect(() => new Future().addDoneCallback(() => {}, { context: wrong({}) })).toThrow(
        typeError('options.context'),
      );
      for (const instrument of [5, null, undefined])
        expect(() => addInstrument(wrong(instrument))).toThrow(typeError('instrument'));
      expect(() => addInstrument({ spawned: wrong(5) })).toThrow(typeError('instrument.spawned'));
      expect(() => new CancelScope({ signal: wrong(5) })).toThrow(typeError('options.signal'));
      expect(() => new CancelScope({ signal: wrong({}) })).toThrow(typeError('options.signal'));
    });
  });
});

describe('tasks', () => {
  it('refuse other names and contexts, and leave nothing behind', async () => {
    await run(async () => {
      const before = allTasks().size;
      for (const context of [{}, 5, null, new AsyncLocalStorage()])
        expect(() => createTask(() => {}, { context: wrong(context) })).toThrow(typeError('options.context'));
      expect(() => createTask(() => {}, { name: wrong(5) })).toThrow(typeError('name'));
      await sleep(0);
      expect(allTasks().size).toBe(before);
      expect(() => createTask(() => {}).setName(wrong(undefined))).toThrow(typeError('name'));
    });
  });

  it('come from the task factory, or it is told so', async () => {
    const loop = new SelectorEventLoop();
    loop.setTaskFactory(wrong(() => ({})));
    const refusal = expect.objectContaining({
      name: 'TypeError',
      code: 'ERR_INVALID_RETURN_VALUE',
      message: 'The task factory must return a Task. Received an instance of Object',
    });
    expect(() => loop.createTask(() => {})).toThrow(refusal);
    loop.close();
  });
});

describe('for people', () => {
  it('JSON', async () => {
    await run(async () => {
      const task = createTask(() => sleep(1000), { name: 'naps' });
      const future = new Future<void>();
      expect(JSON.stringify({ task, future })).toBe(
        '{"task":{"name":"naps","state":"pending"},"future":{"name":"Future","state":"pending"}}',
      );
      task.cancel();
      future.setException(new Error('lost'));
      await failure(() => task);
      expect(JSON.stringify([task, future])).toBe(
        '[{"name":"naps","state":"cancelled"},{"name":"Future","state":"failed"}]',
      );
      future.exception();
    });
  });

  it('console.log', async () => {
    await run(async () => {
      const task = createTask(sleep(1000, { a: 1 }), { name: 'naps' });
      expect(inspect(task)).toBe("Task { 'naps', pending }");
      await sleep(0);
      expect(inspect(task)).toBe("Task { 'naps', pending, waits for sleep(1000) }");
      expect(inspect({ deep: { deeper: { deepest: task } } })).toContain("[Task 'naps']");
      expect(inspect({ deep: { deeper: { deepest: task } } }, { depth: null })).toContain('pending');
      task.cancel();
      await failure(() => task);
      expect(inspect(task)).toBe("Task { 'naps', cancelled }");

      const future = new Future<unknown>();
      expect(inspect(future)).toBe('Future { pending }');
      future.setResult({ a: [1] });
      expect(inspect(future)).toBe('Future { finished, { a: [ 1 ] } }');
      const failed = new Future<unknown>();
      failed.setException(new Error('lost'));
      expect(inspect(failed)).toMatch(/^Future \{ failed, Error: lost\n/);
      expect(failed.isUnobserved()).toBe(true);
      failed.exception();
      expect(inspect(gather(sleep(1), sleep(2)))).toBe('Future { gather of 2, pending }');
      expect(inspect(sleep(5))).toBe('Future { sleep(5), pending }');
    });
  });
});
