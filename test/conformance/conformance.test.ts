import { describe, expect, it } from 'vitest';
import { loadPrograms, loadTraces } from './fixtures.ts';
import { makeHost } from './host.ts';
import { firstDifference, type Level, type Program } from './program.ts';
import { type Flavor, runProgram } from './run-program.ts';

const programs = loadPrograms();
const traces = new Map(loadTraces().map((trace) => [trace.id, trace]));

/** Programs that differ from CPython, with the first difference. */
async function differences(chosen: Program[], flavor: Flavor, level: Level): Promise<string[]> {
  const found: string[] = [];
  for (const program of chosen) {
    const actual = await runProgram(program, flavor, makeHost('virtual'));
    const difference = firstDifference(traces.get(program.id)!, actual, level);
    if (difference !== null) found.push(`${program.id}: ${difference}`);
  }
  return found;
}

function uses(program: Program, operation: string): boolean {
  return JSON.stringify(program.coros).includes(`["${operation}"`);
}

describe('agreement with CPython 3.14', () => {
  it('generators: order, times, unretrieved errors and passes of all programs', async () => {
    expect(await differences(programs, 'generator', 3)).toEqual([]);
  });

  // What async functions can't do: see docs/async-functions.md.
  const possible = programs.filter((program) => !uses(program, 'spawn_eager') && !uses(program, 'getctx'));

  it('async functions: the same, for all programs without eager tasks and context variables', async () => {
    expect(possible.length).toBeGreaterThan(1200);
    expect(await differences(possible, 'async', 3)).toEqual([]);
  });

  it('async functions: most of the others too', async () => {
    const others = programs.filter((program) => !possible.includes(program));
    expect((await differences(others, 'async', 1)).length).toBeLessThanOrEqual(97);
  });
});
