// What the figures were measured on, and which processors the two sides of a measurement get.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import process from 'node:process';

/** Everything a reader needs to judge a figure; goes into each JSON report. */
export function describeMachine() {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    processors: os.availableParallelism(),
    memoryMiB: Math.round(os.totalmem() / 2 ** 20),
    virtualized: isVirtualized(),
    kernel: `${os.type()} ${os.release()}`,
    architecture: process.arch,
    node: process.versions.node,
    v8: process.versions.v8,
    libuv: process.versions.uv,
    loadAverageAtStart: os.loadavg().map((load) => Math.round(load * 100) / 100),
  };
}

/** @param {ReturnType<typeof describeMachine>} machine */
export function formatMachine(machine) {
  const kind = machine.virtualized === true ? ', virtual machine' : '';
  return (
    `${machine.cpu}, ${machine.processors} processors${kind}, ${machine.kernel}, Node ${machine.node}, ` +
    `load ${machine.loadAverageAtStart[0]}\n`
  );
}

function isVirtualized() {
  try {
    return /^flags\s*:.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return null;
  }
}

/** Processors this process may use, ascending; empty when the system does not say. */
export function allowedProcessors() {
  try {
    const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
    return list.split(',').flatMap((range) => {
      const [first = Number.NaN, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
  } catch {
    return [];
  }
}

/**
 * A processor for the server and another for the load, or null: one processor only, or no `taskset`.
 * @returns {{ server: number, load: number } | null}
 */
export function choosePinning() {
  const [server, load] = allowedProcessors();
  if (server === undefined || load === undefined) return null;
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
  } catch {
    return null;
  }
  return { server, load };
}

/**
 * Prefixes a command so that it runs on one processor.
 * @param {number | undefined} processor
 * @param {string} command
 * @param {string[]} args
 * @returns {[string, string[]]}
 */
export function pinned(processor, command, args) {
  return processor === undefined ? [command, args] : ['taskset', ['-c', String(processor), command, ...args]];
}

/**
 * @param {string | undefined} file
 * @param {Record<string, unknown>} report
 */
export function writeReport(file, report) {
  if (file === undefined) return;
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(`\nwritten: ${file}\n`);
}
