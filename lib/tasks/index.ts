export { AsCompleted, type AsCompletedOptions, asCompleted } from './as-completed.ts';
export type { AnyAwaitable, Awaitable, Body, Coroutine, Suspension } from './awaitable.ts';
export { isAwaitable } from './awaitable.ts';
export {
  allTasks,
  type CallGraph,
  captureCallGraph,
  formatCallGraph,
  printCallGraph,
} from './call-graph.ts';
export { CancelScope, type CancelScopeOptions, failAfter, moveOnAfter } from './cancel-scope.ts';
export { coroutine } from './coroutine.ts';
export { currentTask } from './current-task.ts';
export { createTask, ensureFuture, type TaskFactory } from './ensure.ts';
export {
  BrokenBarrierError,
  CancelledError,
  ErrorGroup,
  IncompleteReadError,
  InvalidStateError,
  LimitOverrunError,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  TimeoutError,
} from './errors.ts';
export { type Executor, toThread } from './executor.ts';
export { Future, isFuture } from './future.ts';
export {
  type Gathered,
  type GatheredOrErrors,
  type GatherOptions,
  gather,
  type Outcome,
} from './gather.ts';
export type { FutureState } from './inspection.ts';
export { addInstrument, type Instrument, type TaskMessage } from './instruments.ts';
export { shield } from './shield.ts';
export { sleep } from './sleep.ts';
export { Task, type TaskBody, type TaskOptions } from './task.ts';
export { TaskGroup, type TaskStatus, taskGroup } from './task-group.ts';
export { Timeout, timeout, timeoutAt } from './timeout.ts';
export { type ReturnWhen, type WaitOptions, wait } from './wait.ts';
export { waitFor } from './wait-for.ts';
export { wrapPromise } from './wrap-promise.ts';
