import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Program, Trace } from './program.ts';

function readLines(name: string): unknown[] {
  const file = new URL(`fixtures/${name}`, import.meta.url);
  return gunzipSync(readFileSync(file))
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** The 2,000 programs. */
export function loadPrograms(): Program[] {
  return readLines('programs.jsonl.gz') as Program[];
}

/** What CPython 3.14.2 did with them. */
export function loadTraces(): Trace[] {
  return readLines('traces-3.14.2.jsonl.gz') as Trace[];
}

/** Programs for what the others hardly touch (see thin-spots.ts), with CPython's traces. */
export function loadThinSpots(): { program: Program; trace: Trace }[] {
  return readLines('thin-spots.jsonl.gz') as { program: Program; trace: Trace }[];
}
