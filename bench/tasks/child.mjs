// Measures one row of one flavour in a process of its own, and prints JSON.
//   node child.mjs FLAVOUR ROW MILLISECONDS     { nanosPerUnit, units, busy }; busy: CPUs used, less than 1 if others interfered
//   node --expose-gc child.mjs FLAVOUR memory COUNT     { heapBytes, rssBytes, startMs } of COUNT sleeping tasks
import process from 'node:process';
import { median } from '../support/statistics.mjs';
import { flavours } from './flavours.mjs';
import { rows } from './rows.mjs';

const warmupMs = 250;

const [flavourId, rowId, amount] = process.argv.slice(2);
const flavour = flavours.find(({ id }) => id === flavourId);
if (flavour?.load === undefined) throw new Error(`no flavour '${flavourId}'`);
const { implementations, startSleepers } = await flavour.load();

if (rowId === 'memory') await measureMemory(Number(amount));
else await measureRow(Number(amount));

/** @param {number} windowMs */
async function measureRow(windowMs) {
  const row = rows.find(({ id }) => id === rowId);
  const implementation = implementations[rowId ?? ''];
  if (row === undefined || implementation === undefined)
    throw new Error(`${flavourId} has no row '${rowId}'`);
  const batches = 3;
  const wantedMs = windowMs / batches;
  // Doubles the amount until it fills a batch, and goes on until the compiler has had time too.
  const began = performance.now();
  let units = row.step;
  let elapsedMs = await implementation(units);
  while (elapsedMs < wantedMs || performance.now() - began < warmupMs) {
    if (elapsedMs < wantedMs) {
      const factor = elapsedMs < wantedMs / 8 ? 4 : Math.max(1.1, wantedMs / elapsedMs);
      units = Math.ceil((units * factor) / row.step) * row.step;
    }
    elapsedMs = await implementation(units);
  }
  const nanosPerUnit = [];
  const wallBegan = performance.now();
  const cpuBegan = process.cpuUsage();
  for (let batch = 0; batch < batches; ++batch) {
    nanosPerUnit.push(((await implementation(units)) * 1e6) / units);
  }
  const { user, system } = process.cpuUsage(cpuBegan);
  const busy = (user + system) / 1000 / (performance.now() - wallBegan);
  process.stdout.write(JSON.stringify({ nanosPerUnit: median(nanosPerUnit), units, busy }));
}

/** @param {number} count */
async function measureMemory(count) {
  if (startSleepers === undefined) throw new Error(`${flavourId} has no sleepers`);
  // Whatever is loaded or compiled lazily must not count.
  await new Promise((resolve) => void startSleepers(100, () => resolve(undefined)));
  const before = readMemory();
  const began = performance.now();
  await startSleepers(count, () => {
    const startMs = performance.now() - began;
    const after = readMemory();
    const report = {
      heapBytes: (after.heap - before.heap) / count,
      rssBytes: (after.rss - before.rss) / count,
      startMs,
      tasks: count,
    };
    // The tasks would sleep for an hour.
    process.stdout.write(JSON.stringify(report), () => process.exit(0));
  });
}

function readMemory() {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
  for (let round = 0; round < 3; ++round) globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}
