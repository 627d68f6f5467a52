import { argumentType } from '../arguments.ts';
import { currentTask } from './current-task.ts';
import { Future } from './future.ts';
import { anyRunningScheduler, noRunningLoop, schedulerOf } from './running-scheduler.ts';
import { Task } from './task.ts';

/** A future or task, and who waits for it (asyncio: `FutureCallGraph`). */
export interface CallGraph {
  /** The future or task itself. */
  readonly future: Future<unknown>;
  /** `Task 'name'`, or the kind of future. */
  readonly description: string;
  /** What it waits for itself, if it is a task: descriptions. */
  readonly waitsFor: readonly string[];
  /** Where the task was made; in debug mode. */
  readonly creationStack: string | null;
  /** Tasks and futures that wait for it. Where waits form a cycle, the graph stops. */
  readonly awaitedBy: readonly CallGraph[];
}

/**
 * The unfinished tasks of a loop, in the order in which they were made; by default those of the loop that
 * `getRunningLoop` gives.
 * @throws Error (`ERR_NO_RUNNING_LOOP`) when none runs
 */
export function allTasks(loop?: object): Set<Task<unknown>> {
  const scheduler = loop === undefined ? anyRunningScheduler() : schedulerOf(loop);
  if (scheduler === null) throw noRunningLoop();
  return new Set(scheduler.alive as unknown as Iterable<Task<unknown>>);
}

/** Who waits for `future` (default: the current task), who waits for those, and so on. Null outside any task. */
export function captureCallGraph(future: Future<unknown> | null = currentTask()): CallGraph | null {
  if (future !== null && !(future instanceof Future)) throw argumentType('future', 'Future or Task', future);
  return future === null ? null : capture(future, new Set());
}

/** The call graph as text, one line for each task or future. */
export function formatCallGraph(future: Future<unknown> | null = currentTask()): string {
  const graph = captureCallGraph(future);
  if (graph === null) return '';
  const lines: string[] = [];
  format(graph, 0, lines);
  return lines.join('\n');
}

/** Prints the call graph to the standard error. */
export function printCallGraph(future: Future<unknown> | null = currentTask()): void {
  const text = formatCallGraph(future);
  if (text !== '') console.error(text);
}

/** One line about a task: its name and what it waits for. */
export function describeWaiting(task: Task<unknown>): string {
  const waitsFor = task.awaiting.map((future) => future.describe());
  return `${task.describe()} waits for ${waitsFor.length === 0 ? 'something outside the loop' : waitsFor.join(' and ')}`;
}

function capture(future: Future<unknown>, above: Set<Future<unknown>>): CallGraph {
  const inside = new Set(above).add(future);
  const awaiters = new Set<Future<unknown>>();
  for (const { awaiter } of future.listWaiters()) if (awaiter !== null) awaiters.add(awaiter);
  const task = future instanceof Task ? future : null;
  return {
    future,
    description: future.describe(),
    waitsFor: task === null ? [] : task.awaiting.map((awaited) => awaited.describe()),
    creationStack: task?.extra?.creationStack ?? null,
    awaitedBy: [...awaiters]
      .filter((awaiter) => !awaiter.done() && !inside.has(awaiter))
      .map((awaiter) => capture(awaiter, inside)),
  };
}

function format(graph: CallGraph, depth: number, lines: string[]): void {
  const waits = graph.waitsFor.length === 0 ? '' : `, waits for ${graph.waitsFor.join(' and ')}`;
  lines.push(`${'  '.repeat(depth)}* ${graph.description}${waits}`);
  if (graph.creationStack !== null) {
    for (const frame of graph.creationStack.split('\n').slice(1))
      lines.push(`${'  '.repeat(depth + 1)}${frame.trim()}`);
  }
  if (graph.awaitedBy.length === 0) return;
  lines.push(`${'  '.repeat(depth)}  awaited by`);
  for (const awaiter of graph.awaitedBy) format(awaiter, depth + 2, lines);
}
