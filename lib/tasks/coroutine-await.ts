import { type Context, copyContext } from '../scheduler/context.ts';
import { enterScheduler } from '../scheduler/current.ts';
import { AsyncStrand } from './async-strand.ts';
import type { Coroutine } from './awaitable.ts';
import {
  bodySettled,
  cancelByScope,
  deliverRequest,
  forgetRequests,
  handOver,
  passing,
  takeError,
} from './cancellation.ts';
import { claimContext, enterStep } from './current-task.ts';
import { type Driver, DriverExtra } from './driver.ts';
import type { CancelReason } from './errors.ts';
import type { Future, Waiter } from './future.ts';
import { isGenerator, stepCoroutine, stepGenerator } from './generators.ts';
import { stepEnds, stepStarts } from './instruments.ts';
import { PromiseWait } from './promise-wait.ts';
import { suspend } from './suspend.ts';
import type { Task } from './task.ts';
import { addWaiting, type CancelMode, removeOwnWaiting, type Waiting } from './waiting.ts';

/**
 * An async function awaits a generator coroutine: the generator runs inline, as part of the function's task and
 * without a task of its own, just as `yield*` would run it.
 */
export class CoroutineAwait<T> extends AsyncStrand<T> implements Driver, Waiter, Waiting {
  declare parent: Driver;
  readonly owner: Task<unknown>;
  flags = 0;
  extra: DriverExtra | null = null;
  waitingFor: Waiting | null = null;
  ended = false;
  private readonly isGenerator: boolean;
  /** That of the async function; taken when the generator first suspends. */
  private context: Context | null = null;

  constructor(
    parent: Driver,
    private readonly generator: Coroutine<T>,
    onFulfilled: ((value: T) => unknown) | null | undefined,
    onRejected: ((error: unknown) => unknown) | null | undefined,
  ) {
    super(parent, onFulfilled, onRejected);
    this.owner = parent.owner;
    this.isGenerator = isGenerator(generator);
  }

  get cancelledLast(): boolean {
    return this.waitingFor?.cancelledLast === true;
  }

  /** The generator's first step, at once: awaiting a coroutine does not suspend. */
  begin(): void {
    const { owner, parent } = this;
    parent.waitingFor = addWaiting(parent.waitingFor, this);
    const previous = enterScheduler(owner.scheduler);
    this.stepWith(null);
    enterScheduler(previous);
  }

  cancel(reason?: CancelReason, mode: CancelMode = 'request'): boolean {
    if (mode !== 'scope') deliverRequest(this, reason, mode);
    // One that has entered a scope hears from that.
    else if (this.extra === null || (this.extra.scope === null && this.extra.scopeShields === 0))
      cancelByScope(this);
    return true;
  }

  forget(): void {
    forgetRequests(this);
  }

  listFutures(futures: Future<unknown>[]): void {
    this.waitingFor?.listFutures(futures);
  }

  rare(): DriverExtra {
    this.extra ??= new DriverExtra();
    return this.extra;
  }

  wake(): void {
    this.owner.scheduler.pushReady(this);
  }

  run(): void {
    this.context!.run(step, this as CoroutineAwait<unknown>);
  }

  resumeInline(): void {
    const { scheduler } = this.owner;
    if (!scheduler.isPausedFor(this.owner)) {
      this.flags |= bodySettled;
      scheduler.pushReady(this);
      return;
    }
    const previous = enterScheduler(scheduler);
    this.context!.run(stepWithValue, this as CoroutineAwait<unknown>);
    enterScheduler(previous);
  }

  step(): void {
    if (this.waitingFor !== null) this.waitingFor = removeOwnWaiting(this.waitingFor);
    const delivered = (this.flags & bodySettled) === 0 ? takeError(this) : null;
    this.flags &= ~(passing | bodySettled);
    this.stepWith(delivered);
  }

  /** `delivered`: to be thrown into the generator. */
  stepWith(delivered: { error: unknown } | null): void {
    const { owner, generator } = this;
    const previousDriver = enterStep(this);
    const previousContext = claimContext(this);
    stepStarts(owner);
    let outcome: { value: T } | { error: unknown };
    try {
      const result = this.isGenerator
        ? stepGenerator(generator, delivered)
        : stepCoroutine(generator, delivered);
      if (result.done !== true) {
        this.context ??= copyContext();
        suspend(this, result.value);
        if (!(result.value instanceof PromiseWait)) stepEnds(owner);
        return;
      }
      outcome = { value: result.value };
    } catch (error) {
      outcome = { error };
    } finally {
      enterStep(previousDriver);
      // The first step runs in the context of whoever awaits.
      claimContext(previousContext);
    }
    this.ended = true;
    handOver(this);
    owner.scheduler.pauseFor(owner);
    if ('error' in outcome) this.reject(outcome.error);
    else this.fulfill(outcome.value);
  }
}

function step(driver: CoroutineAwait<unknown>): void {
  driver.step();
}

function stepWithValue(driver: CoroutineAwait<unknown>): void {
  driver.stepWith(null);
}
