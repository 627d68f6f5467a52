// The rows on plain promises. They have no tasks: what stands in for a row is what one would write without a library.
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelBatch, farAwayMs, groupSize, switchingTasks } from './rows.mjs';

function withResolvers() {
  /** @type {(value: unknown) => void} */
  let resolve = () => {};
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** The least a queue of promises can do. */
class PromiseQueue {
  /** @type {unknown[]} */
  #items = [];
  /** @type {((value: unknown) => void)[]} */
  #waiting = [];

  /** @param {unknown} item */
  put(item) {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#items.push(item);
    else waiter(item);
  }

  get() {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift());
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }
}

/**
 * @param {number} durationMs
 * @param {() => Promise<unknown>} body
 */
async function withTimeout(durationMs, body) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const expired = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('timed out')), durationMs);
  });
  try {
    return await Promise.race([body(), expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** @param {() => Promise<unknown>} body */
async function timed(body) {
  const began = performance.now();
  await body();
  return performance.now() - began;
}

/**
 * @param {() => Promise<unknown> | null} pause lets others run: `null` is a microtask, which starves timers and I/O
 * @returns {Record<string, (count: number) => Promise<number>>}
 */
function rowsThatPause(pause) {
  const child = async () => {
    await pause();
  };
  /** @param {number} count */
  const switches = async (count) => {
    for (let index = 0; index < count; ++index) await pause();
  };
  /** @param {number} depth */
  const nest = async (depth) => {
    const running = child();
    if (depth > 1) await nest(depth - 1);
    await running;
  };
  return {
    switch: (count) => timed(() => switches(count)),

    'switch-1000': (count) =>
      timed(() =>
        Promise.all(Array.from({ length: switchingTasks }, () => switches(count / switchingTasks))),
      ),

    group: (count) =>
      timed(async () => {
        for (let done = 0; done < count; done += groupSize)
          await Promise.all(Array.from({ length: groupSize }, child));
      }),

    nested: (count) =>
      timed(async () => {
        for (let done = 0; done < count; done += groupSize) await nest(groupSize);
      }),

    timeout: (count) =>
      timed(async () => {
        for (let index = 0; index < count; ++index) await withTimeout(farAwayMs, child);
      }),
  };
}

/** Pauses by a trip through the event loop, as a library's scheduler must. */
export const immediateImplementations = rowsThatPause(
  () => new Promise((resolve) => void setImmediate(resolve)),
);

/** @type {Record<string, (count: number) => Promise<number>>} */
export const implementations = {
  ...rowsThatPause(() => null),

  future: (count) =>
    timed(async () => {
      let ping = withResolvers();
      let pong = withResolvers();
      const answering = (async () => {
        for (let index = 0; index < count / 2; ++index) {
          await ping.promise;
          ping = withResolvers();
          pong.resolve(index);
        }
      })();
      for (let index = 0; index < count / 2; ++index) {
        pong = withResolvers();
        ping.resolve(index);
        await pong.promise;
      }
      await answering;
    }),

  queue: (count) =>
    timed(async () => {
      const there = new PromiseQueue();
      const back = new PromiseQueue();
      const answering = (async () => {
        for (let index = 0; index < count / 2; ++index) back.put(await there.get());
      })();
      for (let index = 0; index < count / 2; ++index) {
        there.put(index);
        await back.get();
      }
      await answering;
    }),

  spawn: (count) =>
    timed(async () => {
      for (let index = 0; index < count; ++index) await (async () => index)();
    }),

  async cancel(count) {
    let elapsedMs = 0;
    for (let done = 0; done < count; done += cancelBatch) {
      const controllers = Array.from({ length: cancelBatch }, () => new AbortController());
      const sleeping = controllers.map(async ({ signal }) => {
        await sleep(farAwayMs, undefined, { signal });
      });
      const began = performance.now();
      for (const controller of controllers) controller.abort();
      await Promise.allSettled(sleeping);
      elapsedMs += performance.now() - began;
    }
    return elapsedMs;
  },
};

/**
 * @param {number} count
 * @param {() => void} measure called when all sleep
 */
export async function startSleepers(count, measure) {
  const sleeper = async () => {
    await sleep(farAwayMs);
  };
  for (let index = 0; index < count; ++index) void sleeper();
  await null;
  measure();
}
