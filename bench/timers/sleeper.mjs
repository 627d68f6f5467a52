// Measures one way to sleep: node sleeper.mjs FLAVOUR DURATION_MS COUNT. Prints the overshoots in nanoseconds as JSON.
import process from 'node:process';

/** @typedef {{ cpuNanos: number, overshootNanos: number[] }} Sleeps */

/**
 * Runs `body`, which sleeps `count` times and reports each sleep's length in ms.
 * @param {number} durationMs
 * @param {(report: (sleptMs: number) => void) => PromiseLike<unknown>} body
 * @returns {Promise<Sleeps>}
 */
async function record(durationMs, body) {
  /** @type {number[]} */
  const overshootNanos = [];
  const cpuBegan = process.cpuUsage();
  await body((sleptMs) => {
    overshootNanos.push(Math.max(0, Math.round((sleptMs - durationMs) * 1e6)));
  });
  const { user, system } = process.cpuUsage(cpuBegan);
  return { cpuNanos: (user + system) * 1000, overshootNanos };
}

/** @type {Record<string, (durationMs: number, count: number) => Promise<Sleeps>>} */
const flavours = {
  async generator(durationMs, count) {
    const { run, sleep } = await import('coriolis');
    return record(durationMs, (report) =>
      run(function* () {
        for (let index = 0; index < count; ++index) {
          const began = performance.now();
          yield* sleep(durationMs);
          report(performance.now() - began);
        }
      }),
    );
  },

  async async(durationMs, count) {
    const { run, sleep } = await import('coriolis');
    return record(durationMs, (report) =>
      run(async () => {
        for (let index = 0; index < count; ++index) {
          const began = performance.now();
          await sleep(durationMs);
          report(performance.now() - began);
        }
      }),
    );
  },

  async setTimeout(durationMs, count) {
    const { setTimeout: sleep } = await import('node:timers/promises');
    return record(durationMs, async (report) => {
      for (let index = 0; index < count; ++index) {
        const began = performance.now();
        await sleep(durationMs);
        report(performance.now() - began);
      }
    });
  },
};

const [name = '', durationMs, count] = process.argv.slice(2);
const flavour = flavours[name];
if (flavour === undefined) throw new Error(`no flavour '${name}'`);
// A few unmeasured sleeps, so that the first samples are not the compiler's.
await flavour(Number(durationMs), 20);
process.stdout.write(JSON.stringify(await flavour(Number(durationMs), Number(count))));
