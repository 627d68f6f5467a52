/** The program language of oracle.py, and the traces it gives; its docstring is the definition. */

export type Op = [name: string, ...args: unknown[]];

export type ObjectSpec = [kind: string, argument?: number];

export interface Program {
  v: number;
  id: string;
  needs: string[];
  objs: Record<string, ObjectSpec>;
  coros: Record<string, Op[]>;
}

/** [time, who, event...] */
export type Entry = [number, string, ...unknown[]];

export interface Trace {
  id: string;
  trace: Entry[];
  passes: number[];
  final: {
    outcome: unknown;
    time: number;
    pending: string[];
    deadlocks: number;
    stuck: string | null;
    ambiguous: boolean;
  };
  unretrieved: string[];
}

/** How closely two traces agree: order and times; also unretrieved errors; also the pass of every event. */
export type Level = 1 | 2 | 3;

const fields: Record<Level, (keyof Trace)[]> = {
  1: ['trace', 'final'],
  2: ['trace', 'final', 'unretrieved'],
  3: ['trace', 'final', 'unretrieved', 'passes'],
};

/** Whether `program` has none of what async functions can't do as asyncio does: see docs/async-functions.md. */
export function suitsAsync({ coros }: Program): boolean {
  const text = JSON.stringify(coros);
  return !text.includes('["spawn_eager"') && !text.includes('["getctx"');
}

/** The first thing in which two traces differ at `level`, in words, or null. */
export function firstDifference(expected: Trace, actual: Trace, level: Level): string | null {
  const length = Math.max(expected.trace.length, actual.trace.length);
  for (let at = 0; at < length; at++) {
    const want = JSON.stringify(expected.trace[at]);
    const got = JSON.stringify(actual.trace[at]);
    if (want !== got) return `entry ${at}: expected ${want}, got ${got}`;
    if (level === 3 && expected.passes[at] !== actual.passes[at]) {
      return `entry ${at} ${want}: expected in pass ${expected.passes[at]}, got pass ${actual.passes[at]}`;
    }
  }
  for (const field of fields[level]) {
    const want = JSON.stringify(expected[field]);
    const got = JSON.stringify(actual[field]);
    if (want !== got) return `${field}: expected ${want}, got ${got}`;
  }
  return null;
}
