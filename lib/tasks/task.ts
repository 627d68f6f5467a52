import { inspect } from 'node:util';
import { argumentType, checkContext } from '../arguments.ts';
import { type Context, copyContext } from '../scheduler/context.ts';
import { enterScheduler } from '../scheduler/current.ts';
import type { Linked } from '../scheduler/linked-list.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import {
  type AnyAwaitable,
  type Body,
  type Coroutine,
  checkUnclaimed,
  claimCoroutine,
  isAwaitable,
  isCoroutine,
  isThenable,
} from './awaitable.ts';
import type { CancelScope } from './cancel-scope.ts';
import {
  bodySettled,
  cancelUnit,
  forgetRequests,
  isScopeCancelled,
  mustCancel,
  passing,
  requestCancel,
  requestsFor,
  scopeCancel,
  takeError,
  takeRequestBack,
} from './cancellation.ts';
import { isGeneratorFunction } from './coroutine-functions.ts';
import { claimContext, currentDriver, enterStep, trackAsyncFunctions } from './current-task.ts';
import { type Driver, TaskExtra } from './driver.ts';
import { CancelledError, type CancelReason, cancellationIn, checkReason } from './errors.ts';
import { Future, futureFlag } from './future.ts';
import { isGenerator, stepCoroutine, stepGenerator } from './generators.ts';
import { type FutureState, inspectFuture, stateOf } from './inspection.ts';
import { beforeStepChannel, exitedChannel, spawnedChannel, stepEnds, stepStarts } from './instruments.ts';
import { schedulerOf } from './running-scheduler.ts';
import { suspend } from './suspend.ts';
import { listFutures, removeOwnWaiting, type Waiting } from './waiting.ts';
import { followPassed } from './wrap-promise.ts';

/** What a task can be made with. */
export interface TaskOptions {
  /** Shown by introspection and reports; `Task-N` unless given. */
  name?: string | undefined;
  /** The context the task runs in. By default a copy of the current one. */
  context?: Context | undefined;
  /**
   * Run the first step at once, inside the call, if the loop is running. A generator that ends in it is never
   * scheduled (asyncio 3.12). How far an async function came is only known some microtasks later.
   */
  eagerStart?: boolean | undefined;
  /** @internal The cancel scope the task begins in. */
  scope?: CancelScope | null | undefined;
}

/** What a task runs: something awaitable, or a function that is called in the first step. */
export type TaskBody<T> = AnyAwaitable<T> | Body<[], T>;

let nextTaskNumber = 1;

/**
 * A coroutine that the loop runs (asyncio: `Task`). Made by `createTask`, a task group or a loop; the first step runs
 * in the next pass. A loop holds its unfinished tasks: one that nobody else refers to does not vanish.
 */
export class Task<T> extends Future<T> {
  /** @internal */ listPrevious: Linked | null = null;
  /** @internal */ listNext: Linked | null = null;
  /** The generator; before the first step, perhaps a function; null once the task is done or its body is a promise. */
  private body: TaskBody<T> | null;
  /** @internal */ waitingFor: Waiting | null = null;
  private readonly context: Context;
  /** @internal What few tasks have. */
  extra: TaskExtra | null = null;

  /** For task factories; everybody else calls `createTask`. `loop`: the event loop the factory was given. */
  constructor(loop: object, body: TaskBody<T>, options?: TaskOptions) {
    super(schedulerOf(loop));
    const { scheduler } = this;
    if (scheduler.isClosed) throw new Error('Event loop is closed');
    this.flags = futureFlag.started;
    if (options?.context !== undefined) checkContext('options.context', options.context);
    this.body = acceptBody(scheduler, body);
    if (scheduler.observer !== null) this.rememberForDebugging();
    if (isGenerator(this.body)) this.flags |= futureFlag.generator;
    this.context = options?.context ?? copyContext();
    if (options?.name !== undefined) this.setName(options.name);
    scheduler.alive.append(this);
    scheduler.retain();
    if (options?.scope != null) this.joinScope(options.scope);
    if (spawnedChannel.hasSubscribers) spawnedChannel.publish({ task: this });
    if (options?.eagerStart === true && scheduler.isRunning) this.startEagerly();
    else scheduler.pushReady(this);
  }

  // ---- asyncio's interface ----------------------------------------------------------------------------------------

  /**
   * Asks the task to end: a CancelledError is thrown where it waits, or where it will next wait. It may clean up, and
   * it may even ignore the request. Returns false when the task is done already.
   */
  override cancel(message?: string): boolean;
  /** @internal */
  override cancel(reason?: CancelReason): boolean;
  override cancel(reason?: CancelReason): boolean {
    if (reason !== undefined) checkReason(reason);
    this.flags &= ~futureFlag.unretrieved;
    if (this.done()) return false;
    requestCancel(this as Driver, reason);
    return true;
  }

  /**
   * How often cancellation was requested, less the calls of `uncancel`. Asked by the task's own code, only what
   * concerns that code: not the deadline of a `timeout` that runs beside it.
   */
  cancelling(): number {
    const here = currentDriver();
    return here?.owner === this ? requestsFor(here) : Math.floor(this.flags / cancelUnit);
  }

  /** Takes one request back; at zero also one that was not delivered yet. Returns what `cancelling()` then is. */
  uncancel(): number {
    const here = this.driverHere();
    takeRequestBack(here);
    const left = this.cancelling();
    if (left === 0 && currentDriver()?.owner !== this) forgetRequests(here);
    return left;
  }

  /** The task's name; `Task-N`, numbered when first asked for, unless one was given. */
  getName(): string {
    const extra = this.rare();
    extra.name ??= `Task-${nextTaskNumber++}`;
    return extra.name;
  }

  /** Names the task, for introspection and reports. */
  setName(name: string): void {
    if (typeof name !== 'string') throw argumentType('name', 'string', name);
    this.rare().name = name;
  }

  /** The generator this task drives; null for an async function, or when the task is done. */
  getCoro(): Coroutine<T> | null {
    return isCoroutine(this.body) ? (this.body as Coroutine<T>) : null;
  }

  /** The context that the task runs in. */
  getContext(): Context {
    return this.context;
  }

  /**
   * Aborted when the task is asked to cancel: for `fetch` and other code that takes an AbortSignal. After the last
   * request was taken back with `uncancel`, there is a new one. Inside the body of a `timeout`, group or scope that an
   * async function of the task awaits, it is that body's: aborted with the task's, and when the body is to end.
   */
  get signal(): AbortSignal {
    const here = this.driverHere();
    const extra = here.rare();
    const cancelled = requestsFor(here) > 0 || isScopeCancelled(here) || this.cancelled();
    if (extra.controller === null || (extra.controller.signal.aborted && !cancelled)) {
      extra.controller = new AbortController();
      if (cancelled) extra.controller.abort(new CancelledError());
    }
    return extra.controller.signal;
  }

  /** Its name and how it stands. */
  override toJSON(): { name: string; state: FutureState } {
    return { name: this.getName(), state: stateOf(this) };
  }

  /** For `console.log`: also says what it waits for. */
  override [inspect.custom](depth: number | null, options: object): string {
    const waitsFor = this.awaiting.map((future) => `waits for ${future.describe()}`);
    return inspectFuture('Task', `'${this.getName()}'`, this, depth, options, waitsFor);
  }

  /** A task's result is what its coroutine returns. */
  override setResult(_value: T): never {
    throw new Error('A task does not support setResult');
  }

  /** A task's error is what its coroutine throws. */
  override setException(_error: unknown): never {
    throw new Error('A task does not support setException');
  }

  // ---- stepping ---------------------------------------------------------------------------------------------------

  /** @internal */
  get owner(): Task<unknown> {
    return this as Task<unknown>;
  }

  /** @internal */
  get awaiter(): Task<unknown> {
    return this as Task<unknown>;
  }

  /** @internal */
  get parent(): null {
    return null;
  }

  /** @internal */
  get ended(): boolean {
    return this.done();
  }

  /** @internal What the task waited for is done. */
  wake(): void {
    this.scheduler.pushReady(this);
  }

  /** @internal */
  run(): void {
    this.context.run(step, this as Task<unknown>);
  }

  /** @internal One step: runs the generator until it next has to wait. */
  step(): void {
    if (this.body === null) return;
    const { waitingFor } = this;
    if (waitingFor !== null) this.waitingFor = removeOwnWaiting(waitingFor);
    const delivered =
      ((this.flags & (mustCancel | scopeCancel)) === 0 && this.extra === null) ||
      (this.flags & bodySettled) !== 0
        ? null
        : takeError(this as Driver);
    this.flags &= ~(passing | bodySettled);
    if (
      delivered === null &&
      waitingFor === (this.body as unknown) &&
      this.endLike(waitingFor as unknown as Future<T>)
    )
      return;
    this.stepWith(delivered);
  }

  /**
   * For a task whose body is a bare future, such as `createTask(sleep(10))`: if that failed or was cancelled, so has
   * the task, and nothing need be thrown and caught to find out.
   */
  private endLike(future: Future<T>): boolean {
    const failure = beforeStepChannel.hasSubscribers ? null : future.takeFailure();
    if (failure === null) return false;
    this.fail(failure.error);
    return true;
  }

  /** @internal */
  resumeInline(): void {
    const { scheduler } = this;
    if (!scheduler.isPausedFor(this)) {
      this.flags |= bodySettled;
      scheduler.pushReady(this);
      return;
    }
    const previous = enterScheduler(scheduler);
    this.context.run(stepWithValue, this as Task<unknown>);
    enterScheduler(previous);
  }

  /** @internal `delivered`: to be thrown into the generator. */
  stepWith(delivered: { error: unknown } | null): void {
    const previous = enterStep(this as Task<unknown>);
    claimContext(this as Task<unknown>);
    stepStarts(this as Task<unknown>);
    let body = this.body as Coroutine<T>;
    let runsOn = false;
    try {
      if ((this.flags & futureFlag.generator) === 0 && typeof body.next !== 'function') {
        if (delivered !== null) throw delivered.error;
        const started = this.startBody();
        if (started === null) {
          runsOn = !this.done();
          return;
        }
        body = started;
      }
      const result =
        (this.flags & futureFlag.generator) !== 0
          ? stepGenerator(body, delivered)
          : stepCoroutine(body, delivered);
      if (result.done === true) this.complete(result.value);
      else suspend(this as Driver, result.value);
    } catch (error) {
      this.fail(error);
    } finally {
      // An async function that was called runs on: it tells itself when it waits, or is done.
      if (!runsOn) stepEnds(this as Task<unknown>);
      enterStep(previous);
    }
  }

  /** Makes the generator of a body that is not one. Returns null when there is none to step: a promise, or a value. */
  private startBody(): Coroutine<T> | null {
    let body: unknown = this.body;
    if (typeof body === 'function') {
      const asynchronous = !isGeneratorFunction(body);
      if (asynchronous) trackAsyncFunctions();
      claimContext(this as Task<unknown>);
      // What an async function does before its first await is not the generator's.
      if (asynchronous) enterStep(null);
      body = (body as () => unknown)();
      enterStep(this as Task<unknown>);
    }
    if (!isCoroutine(body) && isAwaitable(body)) body = delegate(body as AnyAwaitable<T>);
    if (isCoroutine(body)) {
      this.body = body as Coroutine<T>;
      if (isGenerator(body)) this.flags |= futureFlag.generator;
      return body as Coroutine<T>;
    }
    if (!isThenable(body)) {
      this.complete(body as T);
      return null;
    }
    this.body = null;
    this.scheduler.pauseFor(this);
    (body as PromiseLike<T>).then(
      (value) => this.complete(value),
      (error) => this.fail(error),
    );
    return null;
  }

  private joinScope(scope: CancelScope): void {
    this.rare().scope = scope;
    scope.addMember(this as Task<unknown>);
  }

  private rememberForDebugging(): void {
    const creation = { stack: '' };
    Error.captureStackTrace(creation, Task);
    this.rare().creationStack = creation.stack;
    if (isCoroutine(this.body)) claimCoroutine(this.body);
  }

  private startEagerly(): void {
    const previous = enterScheduler(this.scheduler);
    this.context.run(stepWithValue, this as Task<unknown>);
    enterScheduler(previous);
  }

  /** The driver of this task that the caller is part of; for callers from elsewhere, the task. */
  private driverHere(): Driver {
    const here = currentDriver();
    return here !== null && here.owner === this ? here : (this as Driver);
  }

  private complete(value: T): void {
    if ((this.flags & mustCancel) !== 0) {
      this.flags &= ~mustCancel;
      this.leaveLoop();
      this.finishCancelled(this.extra?.cancelReason);
    } else {
      this.leaveLoop();
      this.finishWithResult(value);
    }
    if (exitedChannel.hasSubscribers) exitedChannel.publish({ task: this });
    stepEnds(this as Task<unknown>);
  }

  private fail(error: unknown): void {
    this.leaveLoop();
    const cancellation = cancellationIn(error);
    if (cancellation !== null) this.finishCancelled(cancellation);
    else this.finishWithError(error);
    if (exitedChannel.hasSubscribers) exitedChannel.publish({ task: this });
    stepEnds(this as Task<unknown>);
  }

  private leaveLoop(): void {
    this.body = null;
    this.scheduler.alive.remove(this);
    this.scheduler.release();
    this.extra?.scope?.removeMember(this as Task<unknown>);
    this.scheduler.caughtUp(this);
  }

  /**
   * The futures that this task waits for: one, as a rule; none while it runs or is ready to; several when its async
   * functions wait side by side.
   */
  get awaiting(): readonly Future<unknown>[] {
    return listFutures(this.waitingFor);
  }

  /** @internal */
  rare(): TaskExtra {
    this.extra ??= new TaskExtra();
    return this.extra;
  }

  /** @internal */
  override describe(): string {
    return `Task '${this.getName()}'`;
  }
}

/** What a task can drive. A promise that was passed in, not made by a body, must not keep it from being cancelled. */
function acceptBody<T>(scheduler: Scheduler, body: TaskBody<T>): TaskBody<T> {
  if (typeof body === 'function') return body;
  if (isCoroutine(body)) {
    checkUnclaimed(body);
    return body;
  }
  if (isAwaitable(body)) return body;
  if (isThenable(body)) return followPassed(body as PromiseLike<T>, scheduler);
  throw argumentType('coroutine', 'function, generator, Promise or Awaitable', body);
}

function step(task: Task<unknown>): void {
  task.step();
}

function stepWithValue(task: Task<unknown>): void {
  task.stepWith(null);
}

function* delegate<T>(awaitable: AnyAwaitable<T>): Coroutine<T> {
  return yield* awaitable as Coroutine<T>;
}
