// npm run bench -- tasks
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describeMachine, formatMachine, writeReport } from '../support/machine.mjs';
import { checkWritable, formatHelp, parseOptions, selectById } from '../support/options.mjs';
import { ProgramError, peerVersion, requireLibrary, runForJson } from '../support/programs.mjs';
import { median } from '../support/statistics.mjs';
import { formatNumber, formatTable } from '../support/table.mjs';
import { flavours } from './flavours.mjs';
import { rows } from './rows.mjs';

/** @typedef {import('./flavours.mjs').Flavour} Flavour */

/** @type {Record<string, import('../support/options.mjs').OptionSpec>} */
const specs = {
  rounds: {
    kind: 'whole',
    min: 1,
    max: 1000,
    default: 3,
    about: 'how often each row is measured, flavours taking turns',
  },
  window: {
    kind: 'number',
    min: 3,
    max: 60_000,
    default: 150,
    about: 'milliseconds measured per row, flavour and round',
  },
  rows: { kind: 'list', about: 'rows by id or part of one' },
  only: { kind: 'list', about: 'flavours by id or part of one' },
  sleepers: {
    kind: 'whole',
    min: 1000,
    max: 20_000_000,
    default: 1_000_000,
    about: 'sleeping tasks in the row memory',
  },
  json: { kind: 'text', about: 'write machine, versions, options and every round to this file' },
};

const memoryRow = { id: 'memory', label: 'memory' };
const childFile = fileURLToPath(new URL('./child.mjs', import.meta.url));
const pythonFile = fileURLToPath(new URL('../peers/tasks.py', import.meta.url));

/** @param {string[]} args */
export async function main(args) {
  const options = parseOptions(args, specs);
  if (options.help) {
    const ids = (/** @type {{ id: string }[]} */ items) => items.map(({ id }) => id).join(', ');
    process.stdout.write(
      `${formatHelp('tasks', specs)}\nrows: ${ids([...rows, memoryRow])}\nflavours: ${ids(flavours)}\n`,
    );
    return;
  }
  checkWritable(options.json);
  const selectedRows = selectById('rows', [...rows, memoryRow], options.rows);
  const selected = selectById('only', flavours, options.only);
  if (selected.some((flavour) => flavour.library)) requireLibrary();
  const machine = describeMachine();
  process.stdout.write(`tasks: ${formatMachine(machine)}`);

  const present = [];
  for (const flavour of selected) {
    const reason = flavour.missing?.();
    if (reason === undefined) present.push(flavour);
    else process.stdout.write(`! ${flavour.label} is missing: ${reason}\n`);
  }
  const versions = await findVersions(present);
  process.stdout.write(
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}\n\n`,
  );

  /** @type {string[]} */
  const failures = [];
  const timedRows = /** @type {import('./rows.mjs').Row[]} */ (
    selectedRows.filter((row) => row !== memoryRow)
  );
  const costs = await measureCosts(timedRows, present, options, failures);
  if (costs.length > 0) process.stdout.write(formatCosts(costs, present, options.rounds));
  const memory = selectedRows.includes(memoryRow)
    ? await measureMemory(present, options.sleepers, failures)
    : [];
  if (memory.length > 0) process.stdout.write(formatMemory(memory));
  for (const failure of failures) process.stdout.write(`! ${failure}\n`);
  writeReport(options.json, {
    bench: 'tasks',
    date: new Date().toISOString(),
    machine,
    versions,
    options: { rounds: options.rounds, windowMs: options.window, sleepers: options.sleepers },
    costs,
    memory,
    failures,
  });
}

/** @param {Flavour[]} present */
async function findVersions(present) {
  /** @type {Record<string, string>} */
  const versions = { node: process.versions.node };
  for (const { id } of present) {
    if (id === 'asyncio') {
      versions['asyncio (Python)'] = (
        await runForJson('python3', [pythonFile, 'version'], { timeoutMs: 20_000 })
      ).version;
    } else if (id === 'effect' || id === 'effection') versions[id] = peerVersion(id);
  }
  return versions;
}

/**
 * @param {import('./rows.mjs').Row[]} timedRows
 * @param {Flavour[]} present
 * @param {any} options
 * @param {string[]} failures
 */
async function measureCosts(timedRows, present, options, failures) {
  const results = [];
  for (const row of timedRows) {
    /** @type {Map<Flavour, { nanosPerUnit: number, units: number, busy: number }[]>} */
    const rounds = new Map();
    for (const flavour of present) if (await implementsRow(flavour, row)) rounds.set(flavour, []);
    for (let round = 0; round < options.rounds; ++round) {
      for (const [flavour, samples] of rounds) {
        try {
          samples.push(await measureOnce(flavour, row.id, options.window));
        } catch (error) {
          if (!(error instanceof ProgramError)) throw error;
          failures.push(`${flavour.label}, ${row.label}: ${error.message}`);
          rounds.delete(flavour);
        }
      }
    }
    results.push({
      id: row.id,
      label: row.label,
      flavours: Object.fromEntries(
        [...rounds].map(([flavour, samples]) => [
          flavour.id,
          {
            nanosPerUnit: median(samples.map((sample) => sample.nanosPerUnit)),
            busy: median(samples.map((sample) => sample.busy)),
            rounds: samples,
          },
        ]),
      ),
    });
  }
  return results;
}

/**
 * @param {Flavour} flavour
 * @param {import('./rows.mjs').Row} row
 */
async function implementsRow(flavour, row) {
  if (row.flavours !== undefined) return row.flavours.includes(flavour.id);
  // Loading the other flavours here would start their machinery in this process.
  if (flavour.id !== 'immediate') return true;
  return Object.hasOwn((await flavour.load?.())?.implementations ?? {}, row.id);
}

/**
 * @param {Flavour} flavour
 * @param {string} rowId
 * @param {number} windowMs
 */
function measureOnce(flavour, rowId, windowMs) {
  const timeoutMs = 60_000 + windowMs * 20;
  return flavour.load === undefined
    ? runForJson('python3', [pythonFile, rowId, String(windowMs)], { timeoutMs })
    : runForJson(process.execPath, [childFile, flavour.id, rowId, String(windowMs)], { timeoutMs });
}

/**
 * @param {Flavour[]} present
 * @param {number} sleepers
 * @param {string[]} failures
 */
async function measureMemory(present, sleepers, failures) {
  const results = [];
  for (const flavour of present.filter(({ id }) => id !== 'immediate')) {
    const count = String(Math.min(sleepers, flavour.memoryTasks ?? sleepers));
    const timeoutMs = 300_000;
    try {
      const memory =
        flavour.load === undefined
          ? await runForJson('python3', [pythonFile, 'memory', count], { timeoutMs })
          : await runForJson(
              process.execPath,
              ['--expose-gc', '--max-old-space-size=12000', childFile, flavour.id, 'memory', count],
              { timeoutMs },
            );
      results.push({ id: flavour.id, label: flavour.label, ...memory });
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      failures.push(`${flavour.label}, memory: ${error.message}`);
    }
  }
  return results;
}

/** All rows are pure computation: a process that used less of a CPU than this had to wait for others. */
const undisturbedFrom = 0.9;

/**
 * @param {Awaited<ReturnType<typeof measureCosts>>} costs
 * @param {Flavour[]} present
 * @param {number} rounds
 */
function formatCosts(costs, present, rounds) {
  const table = formatTable(
    ['nanoseconds per unit', ...present.map(({ label }) => label)],
    costs.map((row) => [row.label, ...present.map(({ id }) => formatNumber(row.flavours[id]?.nanosPerUnit))]),
  );
  const cells = costs.flatMap((row) => Object.values(row.flavours));
  const disturbed = cells.filter((cell) => cell.busy < undisturbedFrom).length;
  const warning =
    disturbed === 0
      ? ''
      : `! DISTURBED: other programs took CPU time from ${disturbed} of ${cells.length} cells\n`;
  return `${table}(medians of ${rounds} rounds, flavours taking turns, a process each)\n${warning}`;
}

/** @param {any[]} memory */
function formatMemory(memory) {
  return `\n${formatTable(
    ['bytes per sleeping task', 'tasks', 'heap + external', 'resident', 'ms to start all'],
    memory.map((row) => [
      row.label,
      row.tasks.toLocaleString('en-US'),
      formatNumber(row.heapBytes),
      formatNumber(row.rssBytes),
      formatNumber(row.startMs),
    ]),
  )}`;
}
