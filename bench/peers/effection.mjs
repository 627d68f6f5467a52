// The rows on Effection 4.
import { action, all, createQueue, race, run, scoped, sleep, spawn, suspend, withResolvers } from 'effection';
import { cancelBatch, farAwayMs, groupSize, switchingTasks } from '../tasks/rows.mjs';

const nothing = () => {};

// Effection's sleep(0) is setTimeout, more than a millisecond; a microtask is its cheapest way to let others run.
const pause = () =>
  action((resolve) => {
    queueMicrotask(/** @type {() => void} */ (resolve));
    return nothing;
  });

/** @param {unknown} value */
function* giveBack(value) {
  return value;
}

/** @param {() => Generator<any, unknown, any>} body */
async function timed(body) {
  return await run(function* () {
    const began = performance.now();
    yield* body();
    return performance.now() - began;
  });
}

/** @param {number} count */
function* switches(count) {
  for (let index = 0; index < count; ++index) yield* pause();
}

/**
 * @param {number} depth
 * @returns {import('effection').Operation<void>}
 */
const nest = (depth) =>
  scoped(function* () {
    const child = yield* spawn(pause);
    if (depth > 1) yield* nest(depth - 1);
    // The end of the scope would halt the child, not wait for it.
    yield* child;
  });

/**
 * @param {number} count
 * @param {() => any} sleeper what each task runs
 */
async function cancelMany(count, sleeper) {
  return await run(function* () {
    let elapsedMs = 0;
    for (let done = 0; done < count; done += cancelBatch) {
      const parent = yield* spawn(function* () {
        for (let index = 0; index < cancelBatch; ++index) yield* spawn(sleeper);
        yield* suspend();
      });
      yield* pause();
      const began = performance.now();
      yield* parent.halt();
      elapsedMs += performance.now() - began;
    }
    return elapsedMs;
  });
}

/** @type {Record<string, (count: number) => Promise<number>>} */
export const implementations = {
  switch: (count) => timed(() => switches(count)),

  'switch-1000': (count) =>
    timed(function* () {
      const tasks = [];
      for (let index = 0; index < switchingTasks; ++index) {
        tasks.push(yield* spawn(() => switches(count / switchingTasks)));
      }
      for (const task of tasks) yield* task;
    }),

  future: (count) =>
    timed(function* () {
      let ping = withResolvers();
      let pong = withResolvers();
      const answering = yield* spawn(function* () {
        for (let index = 0; index < count / 2; ++index) {
          yield* ping.operation;
          ping = withResolvers();
          pong.resolve(index);
        }
      });
      for (let index = 0; index < count / 2; ++index) {
        pong = withResolvers();
        ping.resolve(index);
        yield* pong.operation;
      }
      yield* answering;
    }),

  queue: (count) =>
    timed(function* () {
      const there = createQueue();
      const back = createQueue();
      const answering = yield* spawn(function* () {
        for (let index = 0; index < count / 2; ++index) {
          back.add((yield* there.next()).value);
        }
      });
      for (let index = 0; index < count / 2; ++index) {
        there.add(index);
        yield* back.next();
      }
      yield* answering;
    }),

  spawn: (count) =>
    timed(function* () {
      for (let index = 0; index < count; ++index) yield* yield* spawn(() => giveBack(index));
    }),

  group: (count) =>
    timed(function* () {
      for (let done = 0; done < count; done += groupSize)
        yield* all(Array.from({ length: groupSize }, pause));
    }),

  nested: (count) =>
    timed(function* () {
      for (let done = 0; done < count; done += groupSize) yield* nest(groupSize);
    }),

  timeout: (count) =>
    timed(function* () {
      for (let index = 0; index < count; ++index) yield* race([pause(), sleep(farAwayMs)]);
    }),

  cancel: (count) => cancelMany(count, () => sleep(farAwayMs)),

  'cancel-generators': (count) =>
    cancelMany(count, function* () {
      yield* sleep(farAwayMs);
    }),
};

/**
 * @param {number} count
 * @param {() => void} measure called when all sleep
 */
export async function startSleepers(count, measure) {
  await run(function* () {
    for (let index = 0; index < count; ++index) {
      yield* spawn(function* () {
        yield* sleep(farAwayMs);
      });
    }
    yield* pause();
    measure();
  });
}
