import { makeHost } from './host.ts';
import { Oracle } from './oracle.ts';
import { firstDifference, type Level, type Program, suitsAsync, type Trace } from './program.ts';
import { type Flavor, runComparable } from './run-program.ts';
import { shrink } from './shrink.ts';
import { thinSpots } from './thin-spots.ts';

const batch = 250;

export interface FuzzOptions {
  seed: number;
  count: number;
  flavor: Flavor;
  level: Level;
  /** Programs of our own, for what the oracle's generator hardly makes. */
  thin: boolean;
  /** Async functions: also programs that they can't perform as asyncio does. */
  all: boolean;
  print: (line: string) => void;
}

/** Compares fresh programs; prints the first that differs, made small. Returns true when all agree. */
export async function fuzz({ seed, count, flavor, level, thin, all, print }: FuzzOptions): Promise<boolean> {
  const oracle = await Oracle.load();
  let compared = 0;
  let incomparable = 0;
  let unsuitable = 0;
  for (let done = 0; done < count; done += batch) {
    const size = Math.min(batch, count - done);
    // The oracle numbers programs from the seed: a seed for each batch.
    const batchSeed = seed * 1_000_000 + done / batch;
    const programs = thin ? thinSpots(batchSeed, size) : oracle.generate(batchSeed, size);
    const expected = oracle.run(programs);
    for (const [at, program] of programs.entries()) {
      if (flavor === 'async' && !all && !suitsAsync(program)) {
        unsuitable++;
        continue;
      }
      const difference = await compare(program, expected[at]!, flavor, level);
      if (difference === undefined) incomparable++;
      else if (difference === null) compared++;
      else {
        print(`${program.id}: ${difference}`);
        const small = await shrink(
          program,
          async (candidate) =>
            (flavor === 'generator' || all || suitsAsync(candidate)) &&
            ((await compare(candidate, oracle.run([candidate])[0]!, flavor, level)) ?? null) !== null,
        );
        print(`shrunk to: ${await compare(small, oracle.run([small])[0]!, flavor, level)}`);
        print(JSON.stringify(small));
        return false;
      }
    }
  }
  print(
    `${compared} programs agree (${flavor}, level ${level}); ${incomparable} left to chance by the oracle${
      unsuitable === 0 ? '' : `, ${unsuitable} with what async functions can't do`
    }`,
  );
  return true;
}

/** The first difference; null: none; undefined: can't be compared. */
async function compare(
  program: Program,
  expected: Trace,
  flavor: Flavor,
  level: Level,
): Promise<string | null | undefined> {
  const { trace, comparable } = await runComparable(program, flavor, makeHost('virtual'));
  if (!comparable || expected.final.ambiguous) return undefined;
  const difference = firstDifference(expected, trace, level);
  if (difference !== null && waitsForFirstError(program)) {
    const rest = firstDifference(expected, { ...trace, unretrieved: expected.unretrieved }, level);
    return rest === null ? undefined : rest;
  }
  return difference;
}

/**
 * `wait` with FIRST_EXCEPTION looks at errors until it has seen one or only one future is left. CPython goes through a
 * set, whose order is that of addresses: so is which errors count as looked at.
 */
function waitsForFirstError({ coros }: Program): boolean {
  return JSON.stringify(coros).includes(',"EXC"]');
}

/** Programs of `thinSpots` with what CPython does with them, one JSON line each: the fixtures of that name. */
export async function recordThinSpots(seed: number, count: number): Promise<string> {
  const oracle = await Oracle.load();
  const programs = thinSpots(seed, count);
  const traces = oracle.run(programs).map(({ id, trace, passes, final, unretrieved }) => ({
    id,
    trace,
    passes,
    final,
    unretrieved,
  }));
  return programs.map((program, at) => `${JSON.stringify({ program, trace: traces[at] })}\n`).join('');
}
