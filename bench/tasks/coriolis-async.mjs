// The rows on the library, every coroutine an async function.
import { createTask, getRunningLoop, Queue, run, sleep, taskGroup, timeout } from 'coriolis';
import { cancelBatch, farAwayMs, groupSize, switchingTasks } from './rows.mjs';

async function pause() {
  await sleep(0);
}

async function sleeper() {
  await sleep(farAwayMs);
}

/** @param {() => Promise<unknown>} body */
function timed(body) {
  return run(async () => {
    const began = performance.now();
    await body();
    return performance.now() - began;
  });
}

/** @param {number} count */
async function switches(count) {
  for (let index = 0; index < count; ++index) await sleep(0);
}

/** @param {number} depth */
async function nest(depth) {
  await taskGroup(async (group) => {
    group.createTask(pause);
    if (depth > 1) await nest(depth - 1);
  });
}

/** @type {Record<string, (count: number) => Promise<number>>} */
export const implementations = {
  switch: (count) => timed(() => switches(count)),

  'switch-1000': (count) =>
    timed(async () => {
      const tasks = [];
      for (let index = 0; index < switchingTasks; ++index) {
        tasks.push(createTask(() => switches(count / switchingTasks)));
      }
      for (const task of tasks) await task;
    }),

  future: (count) =>
    timed(async () => {
      const loop = getRunningLoop();
      let ping = loop.createFuture();
      let pong = loop.createFuture();
      const answering = createTask(async () => {
        for (let index = 0; index < count / 2; ++index) {
          await ping;
          ping = loop.createFuture();
          pong.setResult(index);
        }
      });
      for (let index = 0; index < count / 2; ++index) {
        pong = loop.createFuture();
        ping.setResult(index);
        await pong;
      }
      await answering;
    }),

  queue: (count) =>
    timed(async () => {
      const there = new Queue();
      const back = new Queue();
      const answering = createTask(async () => {
        for (let index = 0; index < count / 2; ++index) await back.put(await there.get());
      });
      for (let index = 0; index < count / 2; ++index) {
        await there.put(index);
        await back.get();
      }
      await answering;
    }),

  spawn: (count) =>
    timed(async () => {
      for (let index = 0; index < count; ++index) await createTask(async () => index);
    }),

  group: (count) =>
    timed(async () => {
      for (let done = 0; done < count; done += groupSize) {
        await taskGroup(async (group) => {
          for (let index = 0; index < groupSize; ++index) group.createTask(pause);
        });
      }
    }),

  nested: (count) =>
    timed(async () => {
      for (let done = 0; done < count; done += groupSize) await nest(groupSize);
    }),

  timeout: (count) =>
    timed(async () => {
      for (let index = 0; index < count; ++index) await timeout(farAwayMs, pause);
    }),

  cancel: (count) =>
    run(async () => {
      let elapsedMs = 0;
      for (let done = 0; done < count; done += cancelBatch) {
        let began = 0;
        await taskGroup(async (group) => {
          for (let index = 0; index < cancelBatch; ++index) group.createTask(sleeper);
          await sleep(0);
          began = performance.now();
          group.cancel();
        });
        elapsedMs += performance.now() - began;
      }
      return elapsedMs;
    }),
};

/**
 * @param {number} count
 * @param {() => void} measure called when all sleep
 */
export function startSleepers(count, measure) {
  return run(async () => {
    for (let index = 0; index < count; ++index) createTask(sleeper);
    await sleep(0);
    await sleep(0);
    measure();
  });
}
