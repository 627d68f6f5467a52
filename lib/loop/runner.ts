import { isMainThread } from 'node:worker_threads';
import { checkFunction, checkOptions, returnType } from '../arguments.ts';
import type { Context } from '../scheduler/context.ts';
import { allTasks } from '../tasks/call-graph.ts';
import { CancelledError } from '../tasks/errors.ts';
import type { Task, TaskBody } from '../tasks/task.ts';
import { wait } from '../tasks/wait.ts';
import { AbstractEventLoop } from './abstract-event-loop.ts';
import { newEventLoop, setEventLoop } from './policy.ts';
import { dispatchingLoop, leaveToRunner } from './running-loop.ts';

const interruptedGraceMs = 100;

/** The user interrupted the program with Ctrl-C (Python: `KeyboardInterrupt`). */
export class KeyboardInterrupt extends Error {
  override readonly name = 'KeyboardInterrupt';
  readonly code = 'ERR_KEYBOARD_INTERRUPT';
}

/** What `run` and `Runner` can be told. */
export interface RunnerOptions {
  /** Sets the loop's debug mode; by default it follows `CORIOLIS_DEBUG`. */
  debug?: boolean | undefined;
  /** Makes the loop; by default the policy does, and the loop is also set as this thread's. */
  loopFactory?: (() => AbstractEventLoop) | undefined;
}

/**
 * Runs several main functions, one after the other, on one loop, and cleans up behind them (asyncio: `Runner`).
 *
 *     await using runner = new Runner();
 *     await runner.run(main);
 */
export class Runner implements AsyncDisposable {
  private loop: AbstractEventLoop | null = null;
  private closed = false;
  private setAsCurrent = false;
  /** Ctrl-C was pressed twice. */
  private interrupted = false;

  constructor(private readonly options: RunnerOptions = {}) {
    checkOptions('options', options);
    if (options.loopFactory !== undefined) checkFunction('options.loopFactory', options.loopFactory);
  }

  /** The runner's loop; made at the first call. @throws Error when the runner is closed. */
  getLoop(): AbstractEventLoop {
    if (this.closed) throw new Error('Runner is closed');
    if (this.loop === null) {
      const { loopFactory, debug } = this.options;
      if (loopFactory === undefined) {
        this.loop = newEventLoop();
        setEventLoop(this.loop);
        this.setAsCurrent = true;
      } else {
        const made: unknown = loopFactory();
        if (!(made instanceof AbstractEventLoop)) throw returnType('loopFactory', 'an event loop', made);
        this.loop = made;
      }
      leaveToRunner(this.loop);
      if (debug !== undefined) this.loop.setDebug(debug);
    }
    return this.loop;
  }

  /**
   * Runs `main` as a task and gives its result. Ctrl-C (SIGINT), unless the program handles it itself, cancels the
   * task; pressed again, it ends the run: what is then left is cancelled, and has a tenth of a second to clean up.
   *
   * @throws what `main` throws; KeyboardInterrupt after Ctrl-C; Error when called from inside a running loop.
   */
  async run<T>(main: TaskBody<T>, options: { context?: Context } = {}): Promise<T> {
    if (dispatchingLoop() !== null)
      throw new Error('Runner.run() cannot be called from a running event loop');
    checkOptions('options', options);
    const loop = this.getLoop();
    if (loop.isRunning()) throw new Error('This event loop is already running');
    const task = loop.createTask<T>(main, options);
    const interrupts = new InterruptHandler(loop, task);
    try {
      return await loop.runUntilComplete(task);
    } catch (error) {
      if (interrupts.endedRun) this.interrupted = true;
      if (
        this.interrupted ||
        (interrupts.count > 0 && error instanceof CancelledError && task.uncancel() === 0)
      ) {
        throw new KeyboardInterrupt();
      }
      throw error;
    } finally {
      interrupts.remove();
    }
  }

  /**
   * Cancels every task that is left, waits for them, shuts the default executor down, closes the loop. Idempotent.
   * @throws Error while the loop runs
   */
  async close(): Promise<void> {
    if (this.closed) return;
    const { loop } = this;
    if (loop?.isRunning() === true) throw new Error('Cannot close a running event loop');
    this.closed = true;
    if (loop === null) return;
    try {
      await cancelAll(loop, this.interrupted ? interruptedGraceMs : null);
      await loop.runUntilComplete(loop.shutdownDefaultExecutor());
    } finally {
      if (this.setAsCurrent) setEventLoop(null);
      loop.close();
    }
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Runs `main` on a new loop, then cancels what it left behind and closes the loop (asyncio: `run`). Node's own loop
 * goes on meanwhile.
 *
 * @throws what `main` throws; KeyboardInterrupt after Ctrl-C; Error when called from inside a running loop.
 */
export async function run<T>(main: TaskBody<T>, options: RunnerOptions = {}): Promise<T> {
  if (dispatchingLoop() !== null) throw new Error('run() cannot be called from a running event loop');
  const runner = new Runner(options);
  try {
    return await runner.run(main);
  } finally {
    await runner.close();
  }
}

async function cancelAll(loop: AbstractEventLoop, limitMs: number | null): Promise<void> {
  const tasks = [...allTasks(loop)];
  if (tasks.length === 0) return;
  for (const task of tasks) task.cancel();
  await loop.runUntilComplete(function* () {
    yield* wait(tasks, { timeout: limitMs });
  });
  for (const task of tasks) {
    const failure = !task.done() || task.cancelled() ? null : task.takeFailure();
    if (failure !== null) {
      loop.callExceptionHandler({
        message: 'unhandled exception during run() shutdown',
        exception: failure.error,
        task,
      });
    }
  }
}

/** What SIGINT does during a run. */
class InterruptHandler {
  count = 0;
  /** The second interrupt stopped the loop. */
  endedRun = false;
  private readonly installed: boolean;

  constructor(
    private readonly loop: AbstractEventLoop,
    private readonly task: Task<unknown>,
  ) {
    this.installed = isMainThread && process.listenerCount('SIGINT') === 0;
    if (this.installed) process.on('SIGINT', this.onSignal);
  }

  private readonly onSignal = (): void => {
    if (++this.count === 1 && !this.task.done()) {
      this.task.cancel();
      return;
    }
    this.endedRun = true;
    this.loop.stop();
  };

  remove(): void {
    if (this.installed) process.off('SIGINT', this.onSignal);
  }
}
