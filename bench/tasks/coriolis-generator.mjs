// The rows on the library, every coroutine a generator.
import { createTask, getRunningLoop, Queue, run, sleep, taskGroup, timeout } from 'coriolis';
import { cancelBatch, farAwayMs, groupSize, switchingTasks } from './rows.mjs';

function* pause() {
  yield* sleep(0);
}

function* sleeper() {
  yield* sleep(farAwayMs);
}

/** @param {unknown} value */
function* giveBack(value) {
  return value;
}

/** @param {() => Generator<any, unknown, any>} body */
function timed(body) {
  return run(function* () {
    const began = performance.now();
    yield* body();
    return performance.now() - began;
  });
}

/** @param {number} count */
function* switches(count) {
  for (let index = 0; index < count; ++index) yield* sleep(0);
}

/** @param {number} depth */
function* nest(depth) {
  yield* taskGroup(function* (group) {
    group.createTask(pause());
    if (depth > 1) yield* nest(depth - 1);
  });
}

/** @type {Record<string, (count: number) => Promise<number>>} */
export const implementations = {
  switch: (count) => timed(() => switches(count)),

  'switch-1000': (count) =>
    timed(function* () {
      const tasks = [];
      for (let index = 0; index < switchingTasks; ++index)
        tasks.push(createTask(switches(count / switchingTasks)));
      for (const task of tasks) yield* task;
    }),

  future: (count) =>
    timed(function* () {
      const loop = getRunningLoop();
      let ping = loop.createFuture();
      let pong = loop.createFuture();
      const answering = createTask(function* () {
        for (let index = 0; index < count / 2; ++index) {
          yield* ping;
          ping = loop.createFuture();
          pong.setResult(index);
        }
      });
      for (let index = 0; index < count / 2; ++index) {
        pong = loop.createFuture();
        ping.setResult(index);
        yield* pong;
      }
      yield* answering;
    }),

  queue: (count) =>
    timed(function* () {
      const there = new Queue();
      const back = new Queue();
      const answering = createTask(function* () {
        for (let index = 0; index < count / 2; ++index) yield* back.put(yield* there.get());
      });
      for (let index = 0; index < count / 2; ++index) {
        yield* there.put(index);
        yield* back.get();
      }
      yield* answering;
    }),

  spawn: (count) =>
    timed(function* () {
      for (let index = 0; index < count; ++index) yield* createTask(giveBack(index));
    }),

  group: (count) =>
    timed(function* () {
      for (let done = 0; done < count; done += groupSize) {
        yield* taskGroup(function* (group) {
          for (let index = 0; index < groupSize; ++index) group.createTask(pause());
        });
      }
    }),

  nested: (count) =>
    timed(function* () {
      for (let done = 0; done < count; done += groupSize) yield* nest(groupSize);
    }),

  timeout: (count) =>
    timed(function* () {
      for (let index = 0; index < count; ++index) yield* timeout(farAwayMs, pause);
    }),

  cancel: (count) => cancelMany(count, () => sleep(farAwayMs)),

  'cancel-generators': (count) => cancelMany(count, sleeper),
};

/**
 * @param {number} count
 * @param {() => any} sleeper what each task runs
 */
function cancelMany(count, sleeper) {
  return run(function* () {
    let elapsedMs = 0;
    for (let done = 0; done < count; done += cancelBatch) {
      let began = 0;
      yield* taskGroup(function* (group) {
        for (let index = 0; index < cancelBatch; ++index) group.createTask(sleeper());
        yield* sleep(0);
        began = performance.now();
        group.cancel();
      });
      elapsedMs += performance.now() - began;
    }
    return elapsedMs;
  });
}

/**
 * @param {number} count
 * @param {() => void} measure called when all sleep
 */
export function startSleepers(count, measure) {
  return run(function* () {
    for (let index = 0; index < count; ++index) createTask(sleeper());
    yield* sleep(0);
    yield* sleep(0);
    measure();
  });
}
