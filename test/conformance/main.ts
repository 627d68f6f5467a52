import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { loadPrograms, loadTraces } from './fixtures.ts';
import { fuzz, recordThinSpots } from './fuzz.ts';
import { type HostKind, makeHost } from './host.ts';
import { firstDifference, type Level, type Program } from './program.ts';
import { type Flavor, runProgram } from './run-program.ts';

const usage = `usage:
  conformance run [--flavor generator|async] < programs.jsonl > traces.jsonl
  conformance fuzz --seed N --count K [--thin] [--flavor generator|async] [--level 1|2|3] [--all]
                                                    fresh programs; prints the first that differs, shrunk;
                                                    async: without what async functions can't do, unless --all
  conformance record --seed N --count K | gzip -9n > test/conformance/fixtures/thin-spots.jsonl.gz
  conformance check [--flavor generator|async] [--level 1|2|3] [--host virtual|proactor|selector] [--show N]
                                                    the fixtures; only 'virtual' counts passes
`;

/** The command line was wrong: told without a stack. */
class UsageError extends Error {}

/** The command line. Returns the exit code. */
export async function main(args: string[]): Promise<number> {
  try {
    return await perform(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n${usage}`);
    return 2;
  }
}

async function perform(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  const flavor = oneOf<Flavor>('flavor', values.flavor, ['generator', 'async']);
  const host = oneOf<HostKind>('host', values.host, ['virtual', 'proactor', 'selector']);
  const level = Number(oneOf('level', values.level, ['1', '2', '3'])) as Level;
  const seed = whole('seed', values.seed);
  const count = whole('count', values.count);
  const show = whole('show', values.show);
  if (values.help) {
    print(usage);
    return 0;
  }
  if (positionals.length !== 1) throw new UsageError('one command is needed');
  switch (positionals[0]) {
    case 'run':
      return await run(flavor, host);
    case 'check':
      return await check(flavor, host, level, show);
    case 'record':
      print(await recordThinSpots(seed, count));
      return 0;
    case 'fuzz': {
      const { thin, all } = values;
      const agree = await fuzz({
        seed,
        count,
        flavor,
        level,
        thin,
        all,
        print: (line) => print(`${line}\n`),
      });
      return agree ? 0 : 1;
    }
    default:
      throw new UsageError(`no command '${positionals[0]}'`);
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        flavor: { type: 'string', default: 'generator' },
        level: { type: 'string', default: '3' },
        host: { type: 'string', default: 'virtual' },
        seed: { type: 'string', default: '1' },
        count: { type: 'string', default: '1000' },
        show: { type: 'string', default: '10' },
        thin: { type: 'boolean', default: false },
        all: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function oneOf<T extends string>(name: string, value: string, choices: readonly T[]): T {
  if (choices.includes(value as T)) return value as T;
  throw new UsageError(`--${name} is one of ${choices.join(', ')}, not '${value}'`);
}

function whole(name: string, value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new UsageError(`--${name} is a whole number, not '${value}'`);
}

/** Programs from the standard input, traces to the standard output. */
async function run(flavor: Flavor, host: HostKind): Promise<number> {
  let lines = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    lines++;
    if (line.trim() === '') continue;
    print(`${JSON.stringify(await runProgram(parseProgram(line, lines), flavor, makeHost(host)))}\n`);
  }
  return 0;
}

function parseProgram(line: string, number: number): Program {
  try {
    const program = JSON.parse(line) as Program;
    if (typeof program.coros === 'object') return program;
  } catch {
    // Told below.
  }
  throw new UsageError(`line ${number} of the input is no program`);
}

/** Whether the fixtures agree. */
async function check(flavor: Flavor, host: HostKind, level: Level, show: number): Promise<number> {
  const programs = loadPrograms();
  const expected = new Map(loadTraces().map((trace) => [trace.id, trace]));
  let different = 0;
  for (const program of programs) {
    const trace = await runProgram(program, flavor, makeHost(host));
    const difference = firstDifference(expected.get(program.id)!, trace, level);
    if (difference !== null && ++different <= show) print(`${program.id}: ${difference}\n`);
  }
  print(`compared ${programs.length}, different ${different} (${flavor}, level ${level})\n`);
  return different === 0 ? 0 : 1;
}

/** Writes all of it, also to a pipe whose reader is slow. */
function print(text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}
