import {
  createTask,
  gather,
  LifoQueue,
  PriorityQueue,
  Queue,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  sleep,
  TimeoutError,
  wait,
  waitFor,
} from 'coriolis';
import { describe, expect, test } from 'vitest';
import { currentPass, flavours, runVirtual, type Script } from './virtual.ts';

describe.each(flavours)('Queue in %s tasks', (_name, flavour) => {
  const start = <T>(script: () => Script<T>) => createTask(flavour(script));
  const startGet = <T>(queue: Queue<T>) =>
    start(function* () {
      return (yield queue.get()) as T;
    });
  const startPut = <T>(queue: Queue<T>, item: T) =>
    start(function* () {
      yield queue.put(item);
    });

  test('takes and gives without suspending when it can, and not before it is awaited', async () => {
    const queue = new Queue<number>(2);
    await runVirtual(
      flavour(function* () {
        const before = currentPass();
        const put = queue.put(1);
        expect(queue.empty()).toBe(true);
        yield put;
        yield queue.put(2);
        expect(queue.full()).toBe(true);
        const get = queue.get();
        expect(queue.qsize()).toBe(2);
        expect(yield get).toBe(1);
        expect(yield queue.get()).toBe(2);
        expect(currentPass()).toBe(before);
      }),
    );
  });

  test('getters are served in the order of arrival, one pass after the put', async () => {
    const queue = new Queue<string>();
    await runVirtual(
      flavour(function* () {
        const getters = [startGet(queue), startGet(queue)];
        yield sleep(0);
        queue.putNowait('a');
        queue.putNowait('b');
        yield sleep(0);
        expect(getters.map((getter) => getter.result())).toEqual(['a', 'b']);
      }),
    );
  });

  test('putters wait for a place and are served in the order of arrival', async () => {
    const queue = new Queue<string>(1);
    await runVirtual(
      flavour(function* () {
        yield queue.put('a');
        const putters = [startPut(queue, 'b'), startPut(queue, 'c')];
        yield sleep(0);
        expect(yield queue.get()).toBe('a');
        yield sleep(0);
        expect(putters.map((putter) => putter.done())).toEqual([true, false]);
        expect(yield queue.get()).toBe('b');
        expect(yield queue.get()).toBe('c');
        expect(queue.empty()).toBe(true);
      }),
    );
  });

  test('a woken getter whose item was taken by getNowait waits again', async () => {
    const queue = new Queue<string>();
    await runVirtual(
      flavour(function* () {
        const getter = startGet(queue);
        yield sleep(0);
        queue.putNowait('stolen');
        expect(queue.getNowait()).toBe('stolen');
        yield sleep(0);
        expect(getter.done()).toBe(false);
        queue.putNowait('left');
        expect(yield getter).toBe('left');
      }),
    );
  });

  test('a getter that is cancelled after it was woken leaves the item to the next', async () => {
    const queue = new Queue<string>();
    await runVirtual(
      flavour(function* () {
        const [first, second] = [startGet(queue), startGet(queue)];
        yield sleep(0);
        queue.putNowait('item');
        first.cancel();
        expect(yield second).toBe('item');
        expect(first.cancelled()).toBe(true);
      }),
    );
  });

  test('a putter that is cancelled after it was woken leaves the place to the next', async () => {
    const queue = new Queue<string>(1);
    await runVirtual(
      flavour(function* () {
        queue.putNowait('a');
        const [first, second] = [startPut(queue, 'b'), startPut(queue, 'c')];
        yield sleep(0);
        expect(queue.getNowait()).toBe('a');
        first.cancel();
        yield second;
        expect(first.cancelled()).toBe(true);
        expect(queue.getNowait()).toBe('c');
      }),
    );
  });

  test('getters and putters that are cancelled while they wait leave no trace', async () => {
    const queue = new Queue<string>(1);
    await runVirtual(
      flavour(function* () {
        const getter = startGet(queue);
        yield sleep(0);
        getter.cancel();
        yield queue.put('a');
        const putter = startPut(queue, 'b');
        yield sleep(0);
        putter.cancel();
        yield sleep(0);
        expect([getter.cancelled(), putter.cancelled()]).toEqual([true, true]);
        expect(queue.getNowait()).toBe('a');
        expect(queue.empty()).toBe(true);
      }),
    );
  });

  test('join waits until every item is done, and not at all when there is none', async () => {
    const queue = new Queue<number>();
    await runVirtual(
      flavour(function* () {
        const before = currentPass();
        yield queue.join();
        expect(currentPass()).toBe(before);
        queue.putNowait(1);
        queue.putNowait(2);
        const joined = start(function* () {
          yield queue.join();
        });
        const cancelled = start(function* () {
          yield queue.join();
        });
        yield sleep(0);
        cancelled.cancel();
        yield queue.get();
        yield queue.get();
        queue.taskDone();
        yield sleep(0);
        expect(joined.done()).toBe(false);
        queue.taskDone();
        yield joined;
        expect(cancelled.cancelled()).toBe(true);
        expect(() => queue.taskDone()).toThrow(RangeError);
      }),
    );
  });

  test('after shutdown nothing is put, and what is left can be got', async () => {
    const queue = new Queue<string>(1);
    await runVirtual(
      flavour(function* () {
        queue.putNowait('left');
        const putter = startPut(queue, 'late');
        yield sleep(0);
        queue.shutdown();
        yield sleep(0);
        expect(putter.exception()).toBeInstanceOf(QueueShutDown);
        expect(() => queue.putNowait('later')).toThrow(QueueShutDown);
        expect(yield queue.get()).toBe('left');
        expect(() => queue.getNowait()).toThrow(QueueShutDown);
        const getter = startGet(queue);
        yield sleep(0);
        expect(getter.exception()).toBeInstanceOf(QueueShutDown);
      }),
    );
  });

  test('an immediate shutdown drops the items, wakes everybody and lets join finish', async () => {
    const queue = new Queue<string>();
    await runVirtual(
      flavour(function* () {
        const getter = startGet(queue);
        yield sleep(0);
        queue.putNowait('dropped');
        const joined = start(function* () {
          yield queue.join();
        });
        queue.shutdown(true);
        yield joined;
        yield sleep(0);
        expect(getter.exception()).toBeInstanceOf(QueueShutDown);
        expect(queue.empty()).toBe(true);
      }),
    );
  });
});

test('an operation can be a task, and part of a gather', async () => {
  const queue = new Queue<number>();
  await runVirtual(function* () {
    const task = createTask(queue.get());
    const both = gather([queue.get(), queue.get()]);
    yield* sleep(0);
    for (const item of [1, 2, 3]) yield* queue.put(item);
    expect(yield* task).toBe(1);
    expect(yield* both).toEqual([2, 3]);
    const failing = createTask(queue.get());
    yield* sleep(0);
    failing.cancel();
    yield* wait([failing]);
    expect(failing.cancelled()).toBe(true);
  });
});

test('a timeout that cancels a get takes no item', async () => {
  const queue = new Queue<number>();
  await runVirtual(function* () {
    let failure: unknown;
    try {
      yield* waitFor(queue.get(), 5);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(TimeoutError);
    queue.putNowait(1);
    expect(yield* waitFor(queue.get(), 5)).toBe(1);
  });
});

test('getNowait and putNowait say why they cannot', () => {
  const queue = new Queue<number>(1);
  expect(() => queue.getNowait()).toThrow(QueueEmpty);
  queue.putNowait(1);
  expect(() => queue.putNowait(2)).toThrow(QueueFull);
});

test('for await ends when the queue is shut down and empty', async () => {
  const queue = new Queue<number>();
  const items = await runVirtual(async () => {
    const producer = createTask(async () => {
      for (let i = 0; i < 5; i += 1) {
        await queue.put(i);
        if (i % 2 === 0) await sleep(1);
      }
      queue.shutdown();
    });
    const got: number[] = [];
    for await (const item of queue) got.push(item);
    await producer;
    return got;
  });
  expect(items).toEqual([0, 1, 2, 3, 4]);
});

test('a cancelled for await leaves the queue as it was', async () => {
  const queue = new Queue<number>();
  await runVirtual(async () => {
    const task = createTask(async () => {
      for await (const _ of queue);
    });
    await sleep(1);
    task.cancel();
    await sleep(1);
    expect(task.cancelled()).toBe(true);
    queue.putNowait(1);
    expect(await queue.get()).toBe(1);
  });
});

test('a last-in-first-out queue gives the newest first', () => {
  const queue = new LifoQueue<number>(3);
  for (const item of [1, 2, 3]) queue.putNowait(item);
  expect(queue.full()).toBe(true);
  expect([queue.getNowait(), queue.getNowait(), queue.getNowait()]).toEqual([3, 2, 1]);
});

test('a priority queue gives the least first, also by a comparator', () => {
  const queue = new PriorityQueue<[number, string]>();
  for (const item of [
    [2, 'b'],
    [1, 'z'],
    [2, 'a'],
    [1, 'y'],
  ] as [number, string][])
    queue.putNowait(item);
  expect(Array.from({ length: 4 }, () => queue.getNowait()[1])).toEqual(['y', 'z', 'a', 'b']);
  const longestFirst = new PriorityQueue<string>(0, (a, b) => b.length - a.length);
  for (const word of ['a', 'ccc', 'bb']) longestFirst.putNowait(word);
  expect(Array.from({ length: 3 }, () => longestFirst.getNowait())).toEqual(['ccc', 'bb', 'a']);
});

test('an item that cannot be compared is not put', () => {
  const queue = new PriorityQueue<unknown>();
  queue.putNowait(1);
  expect(() => queue.putNowait({ priority: 0 })).toThrow(TypeError);
  expect(queue.qsize()).toBe(1);
  expect(queue.getNowait()).toBe(1);
});
