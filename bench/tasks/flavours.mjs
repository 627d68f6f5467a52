// Who is compared in `npm run bench -- tasks`, and what it takes to run each.
import { execFileSync } from 'node:child_process';
import { hasPeer, peersHint } from '../support/programs.mjs';

/**
 * @typedef {object} Flavour
 * @property {string} id what --only matches
 * @property {string} label
 * @property {boolean} library one of ours: the reference for the others
 * @property {() => Promise<{ implementations: Record<string, (count: number) => Promise<number>>, startSleepers?: (count: number, measure: () => void) => Promise<unknown> }>} [load] none: a program of its own
 * @property {number} [memoryTasks] a smaller number of sleeping tasks, where a million does not fit
 * @property {() => string | undefined} [missing] why it cannot run here
 */

/** @param {string} name */
const missingPeer = (name) => () => (hasPeer(name) ? undefined : `not installed: run \`${peersHint}\``);

/** @type {Flavour[]} */
export const flavours = [
  {
    id: 'generator',
    label: 'coriolis generators',
    library: true,
    load: () => import('./coriolis-generator.mjs'),
  },
  { id: 'async', label: 'coriolis async', library: true, load: () => import('./coriolis-async.mjs') },
  { id: 'promises', label: 'promises', library: false, load: () => import('./plain-node.mjs') },
  {
    id: 'immediate',
    label: '..+ setImmediate',
    library: false,
    load: async () => ({ implementations: (await import('./plain-node.mjs')).immediateImplementations }),
  },
  {
    id: 'effect',
    label: 'Effect',
    library: false,
    load: () => import('../peers/effect.mjs'),
    missing: missingPeer('effect'),
  },
  {
    id: 'effection',
    label: 'Effection',
    library: false,
    load: () => import('../peers/effection.mjs'),
    memoryTasks: 100_000,
    missing: missingPeer('effection'),
  },
  { id: 'asyncio', label: 'asyncio', library: false, missing: missingPython },
];

function missingPython() {
  try {
    execFileSync('python3', ['-c', 'import asyncio; asyncio.TaskGroup'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'no python3 (3.11 or newer) here';
  }
}
