import { channel } from 'node:diagnostics_channel';
import { argumentType, checkFunction } from '../arguments.ts';
import type { Task } from './task.ts';

/** What is published on the channels. */
export interface TaskMessage {
  /** The task that it is about. */
  readonly task: Task<unknown>;
}

/** Who watches tasks. None of the functions may throw, and none may wait. */
export interface Instrument {
  /** A task was made. */
  spawned?(task: Task<unknown>): void;
  /** A task is about to run until it next has to wait. */
  beforeStep?(task: Task<unknown>): void;
  /** A task waits again, or is done. A wait for a promise from elsewhere is part of an async function's step. */
  afterStep?(task: Task<unknown>): void;
  /** A task is done: told within its last step. */
  exited?(task: Task<unknown>): void;
}

/** Channels of `node:diagnostics_channel`, on which a `TaskMessage` is published while anybody is subscribed. */
export const spawnedChannel = channel('coriolis.task.spawned');
export const beforeStepChannel = channel('coriolis.task.beforeStep');
export const afterStepChannel = channel('coriolis.task.afterStep');
export const exitedChannel = channel('coriolis.task.exited');

/** Tasks whose `beforeStep` was told, and whose `afterStep` was not. */
const inStep = new WeakSet<Task<unknown>>();

/** @internal A task is about to run. */
export function stepStarts(task: Task<unknown>): void {
  if (!beforeStepChannel.hasSubscribers && !afterStepChannel.hasSubscribers) return;
  if (inStep.has(task)) return;
  inStep.add(task);
  beforeStepChannel.publish({ task });
}

/** @internal A task waits or is done. Its async functions may tell more than once: only the first time counts. */
export function stepEnds(task: Task<unknown>): void {
  if (afterStepChannel.hasSubscribers || beforeStepChannel.hasSubscribers) {
    if (inStep.delete(task)) afterStepChannel.publish({ task });
  }
}

const channels = [
  ['spawned', spawnedChannel],
  ['beforeStep', beforeStepChannel],
  ['afterStep', afterStepChannel],
  ['exited', exitedChannel],
] as const;

/**
 * Lets `instrument` watch every task of this thread (trio: instruments). While there is none, nothing is paid for it.
 * The same is published on `node:diagnostics_channel` as `coriolis.task.spawned`, `.beforeStep`, `.afterStep` and
 * `.exited`, with `{ task }`. Returns a function that removes it.
 */
export function addInstrument(instrument: Instrument): () => void {
  if (typeof instrument !== 'object' || instrument === null)
    throw argumentType('instrument', 'object', instrument);
  for (const [event] of channels)
    if (instrument[event] !== undefined) checkFunction(`instrument.${event}`, instrument[event]);
  const removals = channels.map(([event, watched]) => {
    if (instrument[event] === undefined) return () => {};
    const listener = (message: unknown) => instrument[event]?.((message as TaskMessage).task);
    watched.subscribe(listener);
    return () => void watched.unsubscribe(listener);
  });
  return () => {
    for (const remove of removals) remove();
  };
}
