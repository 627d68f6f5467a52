// What `npm run bench -- tasks` measures. Each flavour implements a row as `(count) => elapsed milliseconds`.

/** Sleeping tasks cancelled at once. */
export const cancelBatch = 10_000;

/** Tasks that take turns in the row switch-1000. */
export const switchingTasks = 1000;

/** Children of a group, and depth of nested groups. */
export const groupSize = 10;

/** A sleep or deadline that never comes during a measurement. */
export const farAwayMs = 3_600_000;

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {string} label
 * @property {string[]} [flavours] which have it; default: all
 * @property {number} step `count` is a multiple of this; for switch-1000 so large that starting the tasks hardly shows
 */

/** @type {Row[]} */
export const rows = [
  { id: 'switch', label: 'switch: one task pausing', step: 1 },
  { id: 'switch-1000', label: 'switch: 1000 tasks in turn', step: 100 * switchingTasks },
  { id: 'future', label: 'hop: two tasks and futures', step: 2 },
  { id: 'queue', label: 'hop: two tasks and queues', step: 2 },
  { id: 'spawn', label: 'spawn a task, wait for it', step: 1 },
  { id: 'group', label: `group of ${groupSize}, per child`, step: groupSize },
  { id: 'nested', label: `${groupSize} nested groups, per group`, step: groupSize },
  { id: 'timeout', label: 'scope with a deadline', step: 1 },
  { id: 'cancel', label: 'cancel 10,000 sleeps, each', step: cancelBatch },
  {
    id: 'cancel-generators',
    label: 'cancel 10,000 generators, each',
    step: cancelBatch,
    flavours: ['generator', 'effect', 'effection'],
  },
];
