import { describe, expect, it } from 'vitest';
import { loadPrograms, loadThinSpots, loadTraces } from './fixtures.ts';
import { type HostKind, makeHost } from './host.ts';
import { firstDifference, type Level, type Program, suitsAsync, type Trace } from './program.ts';
import { type Flavor, runProgram } from './run-program.ts';

interface Case {
  program: Program;
  trace: Trace;
}

const traces = new Map(loadTraces().map((trace) => [trace.id, trace]));
const cases: Case[] = loadPrograms().map((program) => ({ program, trace: traces.get(program.id)! }));

/** The loop of the backend that this run of the tests is for. */
const backend: HostKind = process.env.CORIOLIS_LOOP === 'epoll' ? 'selector' : 'proactor';

/** Programs that differ from CPython, with the first difference. */
async function differences(chosen: Case[], flavor: Flavor, host: HostKind, level: Level): Promise<string[]> {
  const found: string[] = [];
  for (const { program, trace } of chosen) {
    const difference = firstDifference(trace, await runProgram(program, flavor, makeHost(host)), level);
    if (difference !== null) found.push(`${program.id}: ${difference}`);
  }
  return found;
}

const possible = cases.filter(({ program }) => suitsAsync(program));
const others = cases.filter((each) => !possible.includes(each));

describe('agreement with CPython 3.14 on the virtual clock', () => {
  it('generators: order, times, unretrieved errors and passes of all programs', async () => {
    expect(cases).toHaveLength(2000);
    expect(await differences(cases, 'generator', 'virtual', 3)).toEqual([]);
  });

  it('async functions: the same, for all programs without eager tasks and context variables', async () => {
    expect(possible.length).toBeGreaterThan(1200);
    expect(await differences(possible, 'async', 'virtual', 3)).toEqual([]);
  });

  it('async functions: most of the others too', async () => {
    expect((await differences(others, 'async', 'virtual', 1)).length).toBeLessThanOrEqual(97);
  });

  it('both: rescheduled timeouts, nested groups, task_done errors', async () => {
    const thin = loadThinSpots();
    expect(await differences(thin, 'generator', 'virtual', 3)).toEqual([]);
    expect(await differences(thin, 'async', 'virtual', 3)).toEqual([]);
  });
});

describe("agreement with CPython 3.14 on the backend's loop", () => {
  it('generators: order, times and unretrieved errors of all programs', async () => {
    expect(await differences(cases, 'generator', backend, 2)).toEqual([]);
  });

  it('async functions: the same, for all programs without eager tasks and context variables', async () => {
    expect(await differences(possible, 'async', backend, 2)).toEqual([]);
  });
});
