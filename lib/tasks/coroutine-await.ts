import { type Context, copyContext } from '../scheduler/context.ts';
import { enterScheduler } from '../scheduler/current.ts';
import { AsyncStrand } from './async-strand.ts';
import type { Coroutine } from './awaitable.ts';
import { claimContext, enterStep } from './current-task.ts';
import type { Future, Waiter } from './future.ts';
import { stepEnds, stepStarts } from './instruments.ts';
import { PromiseWait } from './promise-wait.ts';
import { type Driver, suspend } from './suspend.ts';
import type { Task } from './task.ts';
import type { Waiting } from './waiting.ts';

/**
 * An async function awaits a generator coroutine: the generator runs inline, as part of the function's task and
 * without a task of its own, just as `yield*` would run it.
 */
export class CoroutineAwait<T> extends AsyncStrand<T> implements Driver, Waiter {
  readonly owner: Task<unknown>;
  private waitingFor: Future<unknown> | null = null;
  private pendingThrow: { error: unknown } | null = null;
  /** That of the async function; taken when the generator first suspends. */
  private context: Context | null = null;

  constructor(
    task: Task<unknown>,
    private readonly generator: Coroutine<T>,
    onFulfilled: ((value: T) => unknown) | null | undefined,
    onRejected: ((error: unknown) => unknown) | null | undefined,
  ) {
    super(task, onFulfilled, onRejected);
    this.owner = task;
  }

  get awaited(): Future<unknown> | null {
    return this.waitingFor;
  }

  get cancelledLast(): boolean {
    return (this.waitingFor as Waiting | null)?.cancelledLast === true;
  }

  /** The generator's first step, at once: awaiting a coroutine does not suspend. */
  begin(): void {
    this.resume();
  }

  cancel(message?: string): boolean {
    return this.waitingFor?.cancel(message) ?? false;
  }

  wake(): void {
    this.owner.scheduler.pushReady(this);
  }

  run(): void {
    const { owner } = this;
    if (this.waitingFor !== null) {
      this.waitingFor = null;
      owner.leaveWait(this);
    }
    const cancelled = owner.takePendingCancel();
    if (cancelled !== null) this.pendingThrow = { error: cancelled };
    if (this.context === null) this.step();
    else this.context.run(stepStrand, this as CoroutineAwait<unknown>);
  }

  resumeInline(): void {
    const { owner } = this;
    if (owner.scheduler.isPausedFor(owner)) this.resume();
    else owner.scheduler.pushReady(this);
  }

  setWaiting(future: Future<unknown>): void {
    this.waitingFor = future;
    this.owner.setStrandWaiting(this);
  }

  throwNext(error: unknown): void {
    this.pendingThrow = { error };
    this.owner.scheduler.pushReady(this);
  }

  step(): void {
    const { owner, generator } = this;
    const delivered = this.pendingThrow;
    this.pendingThrow = null;
    const previous = enterStep(owner);
    claimContext(owner);
    stepStarts(owner);
    let result: IteratorResult<unknown, T>;
    try {
      result = delivered === null ? generator.next() : generator.throw(delivered.error);
      if (result.done !== true) {
        this.context ??= copyContext();
        suspend(this, result.value);
        if (!(result.value instanceof PromiseWait)) stepEnds(owner);
        return;
      }
    } catch (error) {
      owner.scheduler.pauseFor(owner);
      this.reject(error);
      return;
    } finally {
      enterStep(previous);
    }
    owner.scheduler.pauseFor(owner);
    this.fulfill(result.value);
  }

  private resume(): void {
    const previous = enterScheduler(this.owner.scheduler);
    try {
      this.step();
    } finally {
      enterScheduler(previous);
    }
  }
}

function stepStrand(strand: CoroutineAwait<unknown>): void {
  strand.step();
}
