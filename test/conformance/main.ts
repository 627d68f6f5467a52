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
  conformance fuzz --seed N --count K [--thin] [--flavor generator|async] [--level 1|2|3]
                                                    fresh programs; prints the first that differs, shrunk
  conformance record --seed N --count K | gzip -9n > test/conformance/fixtures/thin-spots.jsonl.gz
  conformance check [--flavor generator|async] [--level 1|2|3] [--host virtual|proactor|selector]
                                                    the fixtures; only 'virtual' counts passes`;

/** The command line. Returns the exit code. */
export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      flavor: { type: 'string', default: 'generator' },
      level: { type: 'string', default: '3' },
      host: { type: 'string', default: 'virtual' },
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '1000' },
      thin: { type: 'boolean', default: false },
      show: { type: 'string', default: '10' },
    },
  });
  const flavor = values.flavor as Flavor;
  if (flavor !== 'generator' && flavor !== 'async') throw new Error(`unknown flavor: ${flavor}`);
  const host = values.host as HostKind;
  switch (positionals[0]) {
    case 'run':
      return await run(flavor, host);
    case 'check':
      return await check(flavor, host, Number(values.level) as Level, Number(values.show));
    case 'record':
      print(await recordThinSpots(Number(values.seed), Number(values.count)));
      return 0;
    case 'fuzz': {
      const agree = await fuzz({
        seed: Number(values.seed),
        count: Number(values.count),
        flavor,
        level: Number(values.level) as Level,
        thin: values.thin,
        print: (line) => print(`${line}\n`),
      });
      return agree ? 0 : 1;
    }
    default:
      console.error(usage);
      return 2;
  }
}

/** Programs from the standard input, traces to the standard output. */
async function run(flavor: Flavor, host: HostKind): Promise<number> {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === '') continue;
    const trace = await runProgram(JSON.parse(line) as Program, flavor, makeHost(host));
    print(`${JSON.stringify(trace)}\n`);
  }
  return 0;
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
