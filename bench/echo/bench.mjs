// npm run bench -- echo
import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { choosePinning, describeMachine, formatMachine, pinned, writeReport } from '../support/machine.mjs';
import { checkWritable, formatHelp, parseOptions, selectById } from '../support/options.mjs';
import {
  excerpt,
  findLoadGenerator,
  ProgramError,
  requireLibrary,
  runForJson,
} from '../support/programs.mjs';
import { medianOf } from '../support/statistics.mjs';
import { formatNumber, formatRatio, formatTable } from '../support/table.mjs';
import { echoServers } from './servers.mjs';

/** @typedef {import('./servers.mjs').EchoServer} EchoServer */

/** @type {Record<string, import('../support/options.mjs').OptionSpec>} */
const specs = {
  conns: {
    kind: 'whole',
    min: 1,
    max: 20000,
    default: 64,
    about: 'connections, one request under way on each',
  },
  size: { kind: 'whole', min: 1, max: 2 ** 28, default: 1024, about: 'bytes per message' },
  seconds: { kind: 'number', min: 0.05, max: 600, default: 1, about: 'length of a measured window' },
  warmup: { kind: 'number', min: 0, max: 600, default: 0.4, about: 'seconds of load before each window' },
  rounds: {
    kind: 'whole',
    min: 1,
    max: 1000,
    default: 3,
    about: 'how often each server is measured, taking turns',
  },
  only: { kind: 'list', about: 'servers by id or part of one (node is always there)' },
  matrix: {
    kind: 'flag',
    about: '1, 8, 64, 512 connections and 100 B to 100 KiB instead of --conns and --size',
  },
  json: { kind: 'text', about: 'write machine, options and every round to this file' },
  loadgen: { kind: 'text', about: 'the load generator, if not the one in build/Release' },
};

/** @type {ReadonlyArray<{ conns: number, size: number }>} */
const matrix = [
  ...[1, 8, 64, 512].map((conns) => ({ conns, size: 1024 })),
  ...[64, 10].flatMap((conns) => [100, 10 * 1024, 100 * 1024].map((size) => ({ conns, size }))),
];

/** @param {string[]} args */
export async function main(args) {
  const options = parseOptions(args, specs);
  if (options.help) {
    process.stdout.write(
      `${formatHelp('echo', specs)}\nservers: ${echoServers.map(({ id }) => id).join(', ')}\n`,
    );
    return;
  }
  checkWritable(options.json);
  const baseline = /** @type {EchoServer} */ (echoServers[0]);
  const servers = [
    baseline,
    ...selectById('only', echoServers, options.only).filter((server) => server !== baseline),
  ];
  if (servers.some((server) => server.backend !== undefined)) requireLibrary();
  const loadGenerator = findLoadGenerator(options.loadgen);
  const loads = options.matrix ? matrix : [{ conns: options.conns, size: options.size }];
  const pinning = choosePinning();
  const machine = describeMachine();

  process.stdout.write(`echo: ${formatMachine(machine)}`);
  process.stdout.write(
    pinning === null
      ? 'NOT pinned (one processor, or no taskset): server and load generator compete, read the CPU column only\n'
      : `server on CPU ${pinning.server}, load generator on CPU ${pinning.load}\n`,
  );
  process.stdout.write(`medians of ${options.rounds} rounds of ${options.seconds} s, servers taking turns\n`);

  const results = [];
  for (const load of loads) {
    process.stdout.write(`\n${load.conns} connections, ${load.size} bytes\n`);
    const result = await measureLoad(servers, load, { ...options, loadGenerator, pinning });
    results.push(result);
    process.stdout.write(formatResult(result));
  }
  writeReport(options.json, {
    bench: 'echo',
    date: new Date().toISOString(),
    machine,
    pinning,
    options: {
      seconds: options.seconds,
      warmup: options.warmup,
      rounds: options.rounds,
      only: options.only ?? null,
    },
    results,
  });
}

/**
 * Starts every server once and measures them in turns: A B C A B C.
 * @param {EchoServer[]} servers
 * @param {{ conns: number, size: number }} load
 * @param {any} options
 */
async function measureLoad(servers, load, options) {
  const running = [];
  /** @type {{ server: EchoServer, reason: string }[]} */
  const left = [];
  try {
    for (const server of servers) {
      try {
        running.push({ server, process: await startServerProcess(server, options.pinning), rounds: [] });
      } catch (error) {
        if (!(error instanceof ProgramError)) throw error;
        left.push({ server, reason: error.message });
      }
    }
    for (let round = 0; round < options.rounds; ++round) {
      for (const entry of [...running]) {
        try {
          const sample = await measureOnce(entry.process, load, options);
          /** @type {any[]} */ (entry.rounds).push(sample);
        } catch (error) {
          if (!(error instanceof ProgramError)) throw error;
          left.push({ server: entry.server, reason: error.message + entry.process.complaints() });
          running.splice(running.indexOf(entry), 1);
          await entry.process.stop();
        }
      }
    }
  } finally {
    for (const entry of running) await entry.process.stop();
  }
  const rows = running.map(({ server, process: { facts }, rounds }) => summarize(server, facts, rounds));
  return {
    ...load,
    rows: withRatios(rows),
    failed: left.map(({ server, reason }) => ({ id: server.id, reason })),
  };
}

/**
 * @param {{ pid: number, facts: { port: number } }} server
 * @param {{ conns: number, size: number }} load
 * @param {any} options
 */
function measureOnce(server, load, { seconds, warmup, loadGenerator, pinning }) {
  const [command, args] = pinned(pinning?.load, loadGenerator, [
    ...['--port', String(server.facts.port), '--conns', String(load.conns), '--size', String(load.size)],
    ...['--seconds', String(seconds), '--warmup', String(warmup), '--server-pid', String(server.pid)],
  ]);
  return runForJson(command, args, { timeoutMs: (seconds + warmup) * 1000 + 20_000, acceptedStatus: [0, 1] });
}

/**
 * @param {EchoServer} server
 * @param {any} facts
 * @param {any[]} rounds
 */
function summarize(server, facts, rounds) {
  const perRequest = (/** @type {number} */ nanos, /** @type {any} */ round) =>
    nanos / 1000 / Math.max(1, round.requests);
  return {
    id: server.id,
    label: server.label,
    facts,
    requestsPerSecond: medianOf(rounds, (round) => round.requestsPerSecond),
    p50Micros: medianOf(rounds, (round) => round.latencyNanos.p50 / 1000),
    p99Micros: medianOf(rounds, (round) => round.latencyNanos.p99 / 1000),
    serverCpuMicrosPerRequest: medianOf(rounds, (round) => perRequest(round.serverCpuNanos, round)),
    generatorCpuMicrosPerRequest: medianOf(rounds, (round) => perRequest(round.generatorCpuNanos, round)),
    /** 1 means that the load generator had no time left: the server could have served more. */
    generatorBusy: medianOf(rounds, (round) => round.generatorCpuNanos / 1e9 / round.elapsedSeconds),
    serverBusy: medianOf(rounds, (round) => round.serverCpuNanos / 1e9 / round.elapsedSeconds),
    /** Processors' time that went to other programs in the windows: above a few percent the figures are disturbed. */
    othersBusy: medianOf(rounds, (round) => {
      const others = round.machineBusyNanos - round.serverCpuNanos - round.generatorCpuNanos;
      return Math.max(0, others) / 1e9 / round.elapsedSeconds;
    }),
    errors: rounds.reduce((sum, round) => sum + round.errors, 0),
    firstError: rounds.find((round) => round.errors > 0)?.firstError ?? null,
    idleConnections: Math.max(...rounds.map((round) => round.idleConnections)),
    rounds,
  };
}

/** @param {ReturnType<typeof summarize>[]} rows the first is the baseline */
function withRatios(rows) {
  const baseline = rows.find((row) => row.id === 'node');
  return rows.map((row) => ({
    ...row,
    throughputRatio: baseline === undefined ? null : row.requestsPerSecond / baseline.requestsPerSecond,
    cpuRatio:
      baseline === undefined ? null : row.serverCpuMicrosPerRequest / baseline.serverCpuMicrosPerRequest,
  }));
}

/** Share of one processor that other programs may take before the table says so. */
const disturbedFrom = 0.1;

/** @param {Awaited<ReturnType<typeof measureLoad>>} result */
function formatResult(result) {
  const rows = result.rows.map((row) => [
    row.label,
    formatNumber(row.requestsPerSecond),
    formatRatio(row.throughputRatio),
    formatNumber(row.p50Micros),
    formatNumber(row.p99Micros),
    formatNumber(row.serverCpuMicrosPerRequest),
    formatRatio(row.cpuRatio),
    `${Math.round(row.generatorBusy * 100)}%`,
  ]);
  let text = formatTable(
    ['server', 'requests/s', 'ratio', 'p50 us', 'p99 us', 'CPU us/req', 'ratio', 'load gen busy'],
    rows,
  );
  for (const row of result.rows) {
    if (row.errors > 0) text += `! ${row.label}: ${row.errors} failed connections (${row.firstError})\n`;
    if (row.idleConnections > 0)
      text += `! ${row.label}: ${row.idleConnections} connections got no answer in the window\n`;
  }
  const disturbed = result.rows.filter((row) => row.othersBusy > disturbedFrom);
  if (disturbed.length > 0) {
    const worst = Math.round(Math.max(...disturbed.map((row) => row.othersBusy)) * 100);
    text += `! DISTURBED: other programs used up to ${worst}% of a CPU during ${disturbed.length} of these rows\n`;
  }
  for (const { id, reason } of result.failed) text += `! ${id} is missing: ${reason}\n`;
  return text;
}

const serverFile = fileURLToPath(new URL('./server.mjs', import.meta.url));
const startTimeoutMs = 10_000;
const stopTimeoutMs = 3000;

/**
 * @param {EchoServer} server
 * @param {{ server: number } | null} pinning
 * @returns {Promise<{ pid: number, facts: any, complaints(): string, stop(): Promise<void> }>}
 */
function startServerProcess(server, pinning) {
  const [command, args] = pinned(pinning?.server, process.execPath, [serverFile, server.handler]);
  const env = { ...process.env };
  if (server.backend !== undefined) env.CORIOLIS_LOOP = server.backend;
  const child = spawn(command, args, { env, stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text));
  const ended = new Promise((resolve) => void child.once('close', resolve));
  const complaints = () => (stderr === '' ? '' : `\n${excerpt(stderr)}`);

  const stop = async () => {
    if (child.connected) child.send('stop', () => {});
    const timer = setTimeout(() => {
      process.stdout.write(`! ${server.label}: did not stop by itself\n`);
      child.kill('SIGKILL');
    }, stopTimeoutMs);
    await ended;
    clearTimeout(timer);
    if (stderr !== '') process.stdout.write(`! ${server.label} said:\n${excerpt(stderr)}\n`);
  };

  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new ProgramError(`it did not listen within ${startTimeoutMs} ms`));
    }, startTimeoutMs);
    child.once('error', reject);
    child.once('message', (facts) => {
      clearTimeout(timer);
      resolve({ pid: /** @type {number} */ (child.pid), facts, complaints, stop });
    });
    void ended.then(() => {
      clearTimeout(timer);
      reject(new ProgramError(`it ended before it listened: ${excerpt(stderr)}`));
    });
  });
}
