// npm run bench -- timers
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describeMachine, formatMachine, writeReport } from '../support/machine.mjs';
import { checkWritable, formatHelp, parseOptions, selectById, UsageError } from '../support/options.mjs';
import { findLoadGenerator, ProgramError, requireLibrary, runForJson } from '../support/programs.mjs';
import { medianOf, quantile } from '../support/statistics.mjs';
import { formatNumber, formatTable } from '../support/table.mjs';

/**
 * @typedef {object} Sleeper
 * @property {string} id what --only matches
 * @property {string} label
 * @property {string} [flavour] of sleeper.mjs; none: the native timerfd probe
 * @property {string} [backend] the value of CORIOLIS_LOOP
 */

/** @type {Sleeper[]} */
const sleepers = [
  { id: 'timerfd', label: 'bare timerfd in C++' },
  ...['io_uring', 'epoll'].flatMap((backend) =>
    ['generator', 'async'].map((flavour) => ({
      id: `${flavour}-${backend}`,
      label: `coriolis ${backend}, ${flavour}`,
      flavour,
      backend,
    })),
  ),
  { id: 'setTimeout', label: 'setTimeout (node:timers/promises)', flavour: 'setTimeout' },
];

/** @type {Record<string, import('../support/options.mjs').OptionSpec>} */
const specs = {
  durations: { kind: 'list', about: 'sleeps in milliseconds (default 0.1,0.5,1,5)' },
  seconds: {
    kind: 'number',
    min: 0.01,
    max: 600,
    default: 0.3,
    about: 'time asleep per duration, flavour and round',
  },
  rounds: {
    kind: 'whole',
    min: 1,
    max: 1000,
    default: 3,
    about: 'how often each flavour is measured, taking turns',
  },
  only: { kind: 'list', about: 'flavours by id or part of one' },
  json: { kind: 'text', about: 'write machine, options and every sample to this file' },
  loadgen: { kind: 'text', about: 'the native program, if not the one in build/Release' },
};

const fewestSamples = 100;
const sleeperFile = fileURLToPath(new URL('./sleeper.mjs', import.meta.url));

/** @param {string[]} args */
export async function main(args) {
  const options = parseOptions(args, specs);
  if (options.help) {
    process.stdout.write(
      `${formatHelp('timers', specs)}\nflavours: ${sleepers.map(({ id }) => id).join(', ')}\n`,
    );
    return;
  }
  checkWritable(options.json);
  const durations = parseDurations(options.durations ?? ['0.1', '0.5', '1', '5']);
  const selected = selectById('only', sleepers, options.only);
  if (selected.some((sleeper) => sleeper.backend !== undefined)) requireLibrary();
  const native = selected.some((sleeper) => sleeper.flavour === undefined)
    ? findLoadGenerator(options.loadgen)
    : undefined;
  const machine = describeMachine();
  process.stdout.write(`timers: ${formatMachine(machine)}`);
  process.stdout.write(
    `overshoot: how much longer than asked; medians of ${options.rounds} rounds, flavours taking turns\n`,
  );

  const results = [];
  for (const durationMs of durations) {
    const count = Math.max(fewestSamples, Math.round((options.seconds * 1000) / durationMs / 4));
    const result = await measureDuration(selected, durationMs, count, options.rounds, native);
    results.push(result);
    process.stdout.write(`\nsleep(${durationMs} ms), ${count} sleeps a round\n${formatResult(result)}`);
  }
  writeReport(options.json, {
    bench: 'timers',
    date: new Date().toISOString(),
    machine,
    options: { durationsMs: durations, seconds: options.seconds, rounds: options.rounds },
    results,
  });
}

/** @param {string[]} words */
function parseDurations(words) {
  return words.map((word) => {
    const durationMs = Number(word);
    if (!(durationMs >= 0.001 && durationMs <= 10_000)) {
      throw new UsageError(`--durations: '${word}' is not a number of milliseconds from 0.001 to 10000`);
    }
    return durationMs;
  });
}

/**
 * @param {Sleeper[]} selected
 * @param {number} durationMs
 * @param {number} count
 * @param {number} rounds
 * @param {string | undefined} native
 */
async function measureDuration(selected, durationMs, count, rounds, native) {
  const entries = selected.map((sleeper) => ({ sleeper, rounds: /** @type {any[]} */ ([]), failure: '' }));
  for (let round = 0; round < rounds; ++round) {
    for (const entry of entries) {
      if (entry.failure !== '') continue;
      try {
        entry.rounds.push(await measureOnce(entry.sleeper, durationMs, count, native));
      } catch (error) {
        if (!(error instanceof ProgramError)) throw error;
        entry.failure = error.message;
      }
    }
  }
  return {
    durationMs,
    sleepsPerRound: count,
    rows: entries
      .filter((entry) => entry.failure === '')
      .map(({ sleeper, rounds: samples }) => ({
        id: sleeper.id,
        label: sleeper.label,
        p50Ms: medianOf(samples, (sample) => quantile(sample.sorted, 0.5) / 1e6),
        p99Ms: medianOf(samples, (sample) => quantile(sample.sorted, 0.99) / 1e6),
        cpuMicrosPerSleep: medianOf(samples, (sample) => sample.cpuNanos / 1000 / count),
        rounds: samples.map(({ cpuNanos, sorted }) => ({ cpuNanos, overshootNanos: sorted })),
      })),
    failed: entries
      .filter((entry) => entry.failure !== '')
      .map((entry) => ({ id: entry.sleeper.id, reason: entry.failure })),
  };
}

/**
 * @param {Sleeper} sleeper
 * @param {number} durationMs
 * @param {number} count
 * @param {string | undefined} native
 * @returns {Promise<{ cpuNanos: number, sorted: number[] }>}
 */
async function measureOnce({ flavour, backend }, durationMs, count, native) {
  // Ten times what the slowest sleep that is still sane would take.
  const timeoutMs = 20_000 + count * (durationMs + 2) * 10;
  const { cpuNanos, overshootNanos } =
    flavour === undefined
      ? await runForJson(
          /** @type {string} */ (native),
          ['--timerfd', String(durationMs * 1000), '--count', String(count)],
          {
            timeoutMs,
          },
        )
      : await runForJson(process.execPath, [sleeperFile, flavour, String(durationMs), String(count)], {
          timeoutMs,
          env: backend === undefined ? {} : { CORIOLIS_LOOP: backend },
        });
  return {
    cpuNanos,
    sorted: overshootNanos.sort((/** @type {number} */ a, /** @type {number} */ b) => a - b),
  };
}

/** @param {Awaited<ReturnType<typeof measureDuration>>} result */
function formatResult(result) {
  const text = formatTable(
    ['flavour', 'p50 ms', 'p99 ms', 'CPU us/sleep'],
    result.rows.map((row) => [
      row.label,
      formatNumber(row.p50Ms),
      formatNumber(row.p99Ms),
      formatNumber(row.cpuMicrosPerSleep),
    ]),
  );
  return text + result.failed.map(({ id, reason }) => `! ${id} is missing: ${reason}\n`).join('');
}
