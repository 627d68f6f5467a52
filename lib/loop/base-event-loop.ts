import { argumentType, checkFunction, checkMilliseconds, checkOptions } from '../arguments.ts';
import { rootContext } from '../scheduler/context.ts';
import type { Handle, TimerHandle } from '../scheduler/handle.ts';
import { type Clock, NativePoller } from '../scheduler/native-poller.ts';
import type { Poller } from '../scheduler/poller.ts';
import { type ErrorContext, Scheduler } from '../scheduler/scheduler.ts';
import { coroutine } from '../tasks/coroutine.ts';
import { isGeneratorFunction } from '../tasks/coroutine-functions.ts';
import { getDebug, setDebug } from '../tasks/debug.ts';
import {
  createTaskOn,
  ensureFuture,
  getTaskFactory,
  setTaskFactory,
  type TaskFactory,
} from '../tasks/ensure.ts';
import { type Executor, getDefaultExecutor, runInExecutor, setDefaultExecutor } from '../tasks/executor.ts';
import { Future } from '../tasks/future.ts';
import type { Task, TaskBody, TaskOptions } from '../tasks/task.ts';
import { wrapPromise } from '../tasks/wrap-promise.ts';
import { AbstractEventLoop, type Callback, type ExceptionHandler } from './abstract-event-loop.ts';
import { DescriptorWatcher } from './descriptor-watcher.ts';
import { type ResolvedAddress, type ResolveOptions, resolve, resolveName } from './resolve.ts';
import { dispatchingLoop, loopStarted, loopStopped } from './running-loop.ts';
import { SignalHandlers } from './signal-handlers.ts';

/** What a loop can be made with. */
export interface LoopOptions {
  /** Another clock, such as `VirtualClock` of `coriolis/testing`. Time stands still while operations are in flight. */
  clock?: Clock;
  /** @internal A poller without I/O, in place of the backend's. */
  poller?: Poller & { attach(scheduler: Scheduler): void };
}

/** What the loops of all backends have in common (asyncio: `BaseEventLoop`). */
export class BaseEventLoop extends AbstractEventLoop {
  /** The backend's name: 'io_uring', 'epoll', ... */
  readonly backend: string;
  /** @internal */
  readonly scheduler: Scheduler;
  private readonly watcher: DescriptorWatcher | null;
  private readonly signals: SignalHandlers;
  private exceptionHandler: ExceptionHandler | null = null;
  private run: { stopped: () => void } | null = null;
  private referenced = true;

  /** Loops are made by `SelectorEventLoop`, `ProactorEventLoop` and `newEventLoop()`. @internal */
  constructor(backend: string, options: LoopOptions) {
    super();
    this.backend = backend;
    checkOptions('options', options);
    const poller = options.poller ?? new NativePoller(backend, options.clock);
    this.scheduler = new Scheduler(poller, false);
    poller.attach(this.scheduler);
    this.scheduler.loop = this;
    this.scheduler.onError = (context) => this.callExceptionHandler(context);
    this.watcher =
      poller instanceof NativePoller ? new DescriptorWatcher(this.scheduler, poller.operations) : null;
    this.signals = new SignalHandlers(this.scheduler);
    if (process.env.CORIOLIS_DEBUG === '1') this.setDebug(true);
  }

  // ---- running ------------------------------------------------------------------------------------------------

  override runForever(): Promise<void> {
    this.checkStartable();
    return new Promise((resolve) => {
      this.run = { stopped: resolve };
      loopStarted(this);
      this.scheduler.start(() => {
        loopStopped(this);
        const { run } = this;
        this.run = null;
        run?.stopped();
      });
    });
  }

  override async runUntilComplete<T>(future: TaskBody<T>): Promise<T> {
    this.checkStartable();
    const awaited = ensureFuture<T>(future, this.scheduler);
    const stop = () => this.stop();
    awaited.addDoneCallback(stop);
    await this.runForever();
    awaited.removeDoneCallback(stop);
    if (!awaited.done()) throw new Error('Event loop stopped before Future completed.');
    return awaited.result();
  }

  private checkStartable(): void {
    this.checkOpen();
    if (this.isRunning()) throw new Error('This event loop is already running');
    if (dispatchingLoop() !== null)
      throw new Error('Cannot run the event loop while another loop is running');
  }

  private checkOpen(): void {
    if (this.isClosed()) throw new Error('Event loop is closed');
  }

  override stop(): void {
    this.scheduler.stop();
  }

  override isRunning(): boolean {
    return this.run !== null;
  }

  override isClosed(): boolean {
    return this.scheduler.isClosed;
  }

  override close(): void {
    if (this.isRunning()) throw new Error('Cannot close a running event loop');
    if (this.isClosed()) return;
    this.signals.removeAll();
    this.scheduler.close();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    if (this.run !== null) {
      const { stopped } = this.run;
      await new Promise<void>((resolve) => {
        this.run = {
          stopped: () => {
            stopped();
            resolve();
          },
        };
        this.stop();
      });
    }
    this.close();
  }

  override ref(): this {
    if (!this.referenced) this.scheduler.setReferenced(true);
    this.referenced = true;
    return this;
  }

  override unref(): this {
    if (this.referenced) this.scheduler.setReferenced(false);
    this.referenced = false;
    return this;
  }

  /** asyncio looks for the mistake of passing a coroutine function in debug mode, too. */
  private checkCallback(callback: unknown): void {
    checkFunction('callback', callback);
    if (this.getDebug() && isGeneratorFunction(callback))
      throw argumentType('callback', 'function that is no generator function', callback);
  }

  // ---- callbacks and time ---------------------------------------------------------------------------------------

  override callSoon<A extends unknown[]>(callback: Callback<A>, ...args: A): Handle {
    this.checkCallback(callback);
    return this.scheduler.callSoon(callback, args);
  }

  override callSoonThreadsafe<A extends unknown[]>(callback: Callback<A>, ...args: A): Handle {
    return this.callSoon(callback, ...args);
  }

  override callLater<A extends unknown[]>(delayMs: number, callback: Callback<A>, ...args: A): TimerHandle {
    checkMilliseconds('delayMs', delayMs);
    this.checkCallback(callback);
    return this.scheduler.callLater(delayMs, callback, args);
  }

  override callAt<A extends unknown[]>(whenMs: number, callback: Callback<A>, ...args: A): TimerHandle {
    checkMilliseconds('whenMs', whenMs);
    this.checkCallback(callback);
    return this.scheduler.callAt(whenMs, callback, args);
  }

  override time(): number {
    return this.scheduler.now();
  }

  // ---- futures and tasks ------------------------------------------------------------------------------------------

  override createFuture<T>(): Future<T> {
    return new Future<T>(this.scheduler);
  }

  override createTask<T>(body: TaskBody<T>, options?: TaskOptions): Task<T> {
    this.checkOpen();
    return createTaskOn(this.scheduler, body, options);
  }

  override setTaskFactory(factory: TaskFactory | null): void {
    if (factory !== null && typeof factory !== 'function')
      throw argumentType('factory', 'function or null', factory);
    setTaskFactory(this.scheduler, factory);
  }

  override getTaskFactory(): TaskFactory | null {
    return getTaskFactory(this.scheduler);
  }

  // ---- executors and names ----------------------------------------------------------------------------------------

  override runInExecutor<T>(
    executor: Executor | null,
    task: unknown,
    options?: Record<string, unknown>,
  ): Future<T> {
    this.checkOpen();
    return runInExecutor<T>(this.scheduler, executor, task, options);
  }

  override setDefaultExecutor(executor: Executor): void {
    setDefaultExecutor(this.scheduler, executor);
  }

  override readonly shutdownDefaultExecutor = coroutine(function* shutdownDefaultExecutor(
    this: BaseEventLoop,
  ) {
    const executor = getDefaultExecutor(this.scheduler);
    setDefaultExecutor(this.scheduler, null);
    const ending = executor?.destroy?.();
    if (ending !== undefined) yield* wrapPromise(ending, this.scheduler);
  });

  override readonly getaddrinfo = coroutine(function* getaddrinfo(
    host: string,
    port: number,
    options?: ResolveOptions,
  ) {
    return yield* wrapPromise<ResolvedAddress[]>(resolve(host, port, options));
  });

  override readonly getnameinfo = coroutine(function* getnameinfo(address: string, port: number) {
    return yield* wrapPromise<{ hostname: string; service: string }>(resolveName(address, port));
  });

  private get descriptors(): DescriptorWatcher {
    if (this.watcher === null) throw new Error(`A loop on '${this.backend}' has no I/O`);
    return this.watcher;
  }

  // ---- descriptors and signals --------------------------------------------------------------------------------------

  override addReader<A extends unknown[]>(fd: number, callback: Callback<A>, ...args: A): void {
    this.checkOpen();
    this.descriptors.addReader(fd, callback, args);
  }

  override removeReader(fd: number): boolean {
    return !this.isClosed() && this.descriptors.removeReader(fd);
  }

  override addWriter<A extends unknown[]>(fd: number, callback: Callback<A>, ...args: A): void {
    this.checkOpen();
    this.descriptors.addWriter(fd, callback, args);
  }

  override removeWriter(fd: number): boolean {
    return !this.isClosed() && this.descriptors.removeWriter(fd);
  }

  override addSignalHandler<A extends unknown[]>(
    signal: NodeJS.Signals,
    callback: Callback<A>,
    ...args: A
  ): void {
    this.checkOpen();
    this.signals.add(signal, callback, args);
  }

  override removeSignalHandler(signal: NodeJS.Signals): boolean {
    return this.signals.remove(signal);
  }

  // ---- errors and debugging -----------------------------------------------------------------------------------------

  override setExceptionHandler(handler: ExceptionHandler | null): void {
    if (handler !== null && typeof handler !== 'function')
      throw argumentType('handler', 'function or null', handler);
    this.exceptionHandler = handler;
  }

  override getExceptionHandler(): ExceptionHandler | null {
    return this.exceptionHandler;
  }

  override defaultExceptionHandler(context: ErrorContext): void {
    reportByDefault(context);
  }

  override callExceptionHandler(context: ErrorContext): void {
    if (this.exceptionHandler === null) {
      this.defaultExceptionHandler(context);
      return;
    }
    try {
      this.exceptionHandler(this, context);
    } catch (error) {
      this.defaultExceptionHandler({
        message: 'Unhandled error in exception handler',
        exception: error,
        context,
      });
    }
  }

  override slowCallbackDuration = 100;

  override setDebug(enabled: boolean): void {
    setDebug(this.scheduler, enabled, () => this.slowCallbackDuration);
  }

  override getDebug(): boolean {
    return getDebug(this.scheduler);
  }
}

/** An unhandled rejection, as Node's users expect; a warning for what the loop has dealt with already. */
function reportByDefault(context: ErrorContext): void {
  const { message, exception, recovered } = context;
  if (recovered === true) {
    const detail = exception instanceof Error ? `: ${exception.message}` : '';
    process.emitWarning(`${message}${detail}`, { type: 'CoriolisWarning' });
    return;
  }
  const error = exception ?? new Error(message);
  rootContext.run(() => void Promise.reject(error));
}
