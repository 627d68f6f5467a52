import { type InspectOptions, inspect } from 'node:util';
import type { Future } from './future.ts';

/** How a future stands. */
export type FutureState = 'pending' | 'finished' | 'failed' | 'cancelled';

/** `futureFlag.state`, and in the order of its values: */
const stateMask = 3;
const states: readonly FutureState[] = ['pending', 'finished', 'failed', 'cancelled'];

/** How a future stands; a failure does not count as looked at. */
export function stateOf(future: { flags: number }): FutureState {
  return states[future.flags & stateMask]!;
}

/** Anything else as `console.log` shows it: what it is, and what is worth knowing of it. */
export function inspectFacts(kind: string, facts: object, options: InspectOptions): string {
  return `${kind} ${inspect(facts, options)}`;
}

/** A future as `console.log` shows it. `details`: what else there is to say while it is pending. */
export function inspectFuture(
  kind: string,
  name: string | null,
  future: Future<never> | Future<unknown>,
  depth: number | null,
  options: object,
  details: readonly string[] = [],
): string {
  if (depth !== null && depth < 0) return name === null ? `[${kind}]` : `[${kind} ${name}]`;
  const state = stateOf(future);
  const parts = name === null ? [state] : [name, state];
  if (state === 'pending') parts.push(...details);
  else if (state === 'failed' || (state === 'finished' && future.value !== undefined))
    parts.push(inspect(future.value, { ...options, depth: depth === null ? null : depth - 1 }));
  return `${kind} { ${parts.join(', ')} }`;
}
