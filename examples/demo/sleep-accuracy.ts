import { setTimeout as timeout } from 'node:timers/promises';
import { createTask, sleep } from 'coriolis';

const repetitions = 60;

/** How long sleeps really take: the loop's and Node's, alternated. */
export async function sleepAccuracy(delaysMs: number[]) {
  const results = [];
  for (const delayMs of delaysMs) {
    const loop: number[] = [];
    const node: number[] = [];
    for (let repetition = 0; repetition < repetitions; repetition++) {
      loop.push(await createTask(timedSleep(delayMs)));
      const begunMs = performance.now();
      await timeout(delayMs);
      node.push(performance.now() - begunMs);
    }
    results.push({ delayMs, loopMs: median(loop), timeoutMs: median(node) });
  }
  return results;
}

function* timedSleep(delayMs: number) {
  const begunMs = performance.now();
  yield* sleep(delayMs);
  return performance.now() - begunMs;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}
