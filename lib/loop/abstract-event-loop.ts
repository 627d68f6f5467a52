import type { Context } from '../scheduler/context.ts';
import type { Handle, TimerHandle } from '../scheduler/handle.ts';
import type { ErrorContext } from '../scheduler/scheduler.ts';
import type { Awaitable } from '../tasks/awaitable.ts';
import type { TaskFactory } from '../tasks/ensure.ts';
import type { Executor } from '../tasks/executor.ts';
import type { Future } from '../tasks/future.ts';
import type { Task, TaskBody, TaskOptions } from '../tasks/task.ts';
import type { ResolvedAddress, ResolveOptions } from './resolve.ts';

/** Replaces `defaultExceptionHandler`. */
export type ExceptionHandler = (loop: AbstractEventLoop, context: ErrorContext) => void;

/** A callback of the loop and what it is called with. */
export type Callback<A extends unknown[]> = (...args: A) => unknown;

/**
 * What an event loop can do (asyncio: `AbstractEventLoop`). Times are milliseconds, fractions included.
 *
 * The loop is a guest of Node's: `runForever` and `runUntilComplete` return promises, and Node's own timers, http
 * and fs go on beside it.
 */
export abstract class AbstractEventLoop implements AsyncDisposable {
  // ---- running ------------------------------------------------------------------------------------------------

  /** Runs until `stop()`. @throws Error when the loop runs already or is closed. */
  abstract runForever(): Promise<void>;
  /**
   * Runs until `future` (or a coroutine, made into a task) is done, and gives its result.
   * @throws its error; Error when the loop is stopped before, runs already, or is closed.
   */
  abstract runUntilComplete<T>(future: TaskBody<T>): Promise<T>;
  /** Ends the run after the present pass. What is ready stays queued for the next run. */
  abstract stop(): void;
  /** True between the start of a run and its end, also between passes. */
  abstract isRunning(): boolean;
  /** True after `close()`. */
  abstract isClosed(): boolean;
  /**
   * Drops everything queued, cancels the operations in flight, closes the loop's sockets. Idempotent.
   * @throws Error while the loop runs.
   */
  abstract close(): void;
  /** Lets an idle loop keep the process alive while it has unfinished work: the default. */
  abstract ref(): this;
  /** The process may end even while the loop has unfinished work. */
  abstract unref(): this;

  // ---- callbacks and time ---------------------------------------------------------------------------------------

  /** Calls `callback(...args)` in the next pass, in a copy of the current context. */
  abstract callSoon<A extends unknown[]>(callback: Callback<A>, ...args: A): Handle;
  /** As `callSoon`. JavaScript's threads share no functions; the name is kept for code written after asyncio. */
  abstract callSoonThreadsafe<A extends unknown[]>(callback: Callback<A>, ...args: A): Handle;
  /** Calls `callback(...args)` after `delayMs`. */
  abstract callLater<A extends unknown[]>(delayMs: number, callback: Callback<A>, ...args: A): TimerHandle;
  /** Calls `callback(...args)` when `time()` reaches `whenMs`. */
  abstract callAt<A extends unknown[]>(whenMs: number, callback: Callback<A>, ...args: A): TimerHandle;
  /** The loop's clock: milliseconds, monotonic, from an arbitrary start. */
  abstract time(): number;

  // ---- futures and tasks ------------------------------------------------------------------------------------------

  /** A future of this loop, to be settled by the caller with `setResult` or `setException`. */
  abstract createFuture<T>(): Future<T>;
  /** Makes a task of a coroutine, a function that returns one, or an async function; it begins in the next pass. */
  abstract createTask<T>(coroutine: TaskBody<T>, options?: TaskOptions): Task<T>;
  /** `null` restores the default. */
  abstract setTaskFactory(factory: TaskFactory | null): void;
  /** What makes this loop's tasks; null: the default, `new Task`. */
  abstract getTaskFactory(): TaskFactory | null;

  // ---- executors and names ----------------------------------------------------------------------------------------

  /**
   * Gives `task` to `executor.run` (a `Piscina`, or anything with such a method; `null`: the default executor).
   * Cancelling the future aborts the signal that `run` is given; what the executor makes of it is up to it.
   * @throws Error when there is no executor
   */
  abstract runInExecutor<T>(
    executor: Executor | null,
    task: unknown,
    options?: Record<string, unknown>,
  ): Future<T>;
  /** What `runInExecutor(null, ...)` and `toThread` use. There is none at first. */
  abstract setDefaultExecutor(executor: Executor): void;
  /** Ends the default executor's threads, if there is one that can be ended. */
  abstract shutdownDefaultExecutor(): Awaitable<void>;
  /** Addresses of a host and service (`node:dns`). */
  abstract getaddrinfo(host: string, port: number, options?: ResolveOptions): Awaitable<ResolvedAddress[]>;
  /** Name and service of an address (`node:dns`). */
  abstract getnameinfo(address: string, port: number): Awaitable<{ hostname: string; service: string }>;

  // ---- descriptors and signals --------------------------------------------------------------------------------------

  /** Calls `callback(...args)` in every pass in which `fd` is readable. Replaces an earlier reader of that fd. */
  abstract addReader<A extends unknown[]>(fd: number, callback: Callback<A>, ...args: A): void;
  /** Returns whether there was one. */
  abstract removeReader(fd: number): boolean;
  /** Calls `callback(...args)` in every pass in which `fd` is writable. Replaces an earlier writer of that fd. */
  abstract addWriter<A extends unknown[]>(fd: number, callback: Callback<A>, ...args: A): void;
  /** Returns whether there was one. */
  abstract removeWriter(fd: number): boolean;
  /** Calls `callback(...args)` as a handle of the loop when the process gets `signal`. */
  abstract addSignalHandler<A extends unknown[]>(
    signal: NodeJS.Signals,
    callback: Callback<A>,
    ...args: A
  ): void;
  /** Returns whether there was one. */
  abstract removeSignalHandler(signal: NodeJS.Signals): boolean;

  // ---- errors and debugging -----------------------------------------------------------------------------------------

  /** `null` restores the default. */
  abstract setExceptionHandler(handler: ExceptionHandler | null): void;
  /** The handler that was set; null: the default. */
  abstract getExceptionHandler(): ExceptionHandler | null;
  /** Makes the error an unhandled rejection; what the loop has dealt with itself becomes a process warning. */
  abstract defaultExceptionHandler(context: ErrorContext): void;
  /** Hands an error that has nobody to go to to the exception handler. */
  abstract callExceptionHandler(context: ErrorContext): void;
  /** Debug mode: warnings of slow callbacks and of coroutines that nobody awaited. Also set by `CORIOLIS_DEBUG=1`. */
  abstract setDebug(enabled: boolean): void;
  /** Whether the loop is in debug mode. */
  abstract getDebug(): boolean;
  /** In debug mode, a callback that runs longer than this (ms) is reported. Default 100. */
  abstract slowCallbackDuration: number;

  /** `close()`, after stopping a loop that runs. */
  abstract [Symbol.asyncDispose](): Promise<void>;
}

export type { Context };
