import { type InspectOptions, inspect } from 'node:util';
import { checkFunction } from '../arguments.ts';
import type { Runnable } from '../scheduler/handle.ts';
import { type Linked, LinkedList } from '../scheduler/linked-list.ts';
import type { Awaitable, Body, Coroutine } from './awaitable.ts';
import { runBody } from './body.ts';
import type { CancelScope } from './cancel-scope.ts';
import { requestAgain, requestCancel, requestsFor, scopeOf, takeRequestBack } from './cancellation.ts';
import { coroutine } from './coroutine.ts';
import { isGeneratorFunction, markGeneratorFunction } from './coroutine-functions.ts';
import { currentDriver } from './current-task.ts';
import { whenDone } from './done-callback.ts';
import type { Driver } from './driver.ts';
import { createTaskOn } from './ensure.ts';
import { CancelledError, cancellationIn, cancelledError, ErrorGroup } from './errors.ts';
import { Future, type Waiter } from './future.ts';
import { inspectFacts } from './inspection.ts';
import type { Task, TaskBody, TaskOptions } from './task.ts';
import { undisturbed } from './undisturbed.ts';
import { cancelAndWait } from './wait.ts';

/**
 * Tasks that end together (asyncio: `TaskGroup`). The block ends when all of them have. If one fails, the others and
 * the block's own body are cancelled, and all errors leave the block as one ErrorGroup, in the order in which they
 * came, the body's last. A task that is cancelled does not count as failed.
 */
export class TaskGroup {
  private parent: Driver | null = null;
  private scope: CancelScope | null = null;
  private readonly members = new LinkedList<Member>();
  private unfinished = 0;
  private errors: unknown[] = [];
  private entered = false;
  private exiting = false;
  private aborting = false;
  /** `parent.cancel()` was called by this group, which therefore has to take it back. */
  private parentCancelRequested = false;
  private cancelOnEntry = false;
  private allDone: Future<void> | null = null;

  /** Runs `body` and then waits for the group's tasks. A group is used once. Gives undefined after `cancel()`. */
  run<T>(body: Body<[TaskGroup], T>): Awaitable<T | undefined> {
    return runGroup(this, body);
  }

  /** @internal */
  *runInline<T>(body: Body<[TaskGroup], T>): Coroutine<T | undefined> {
    checkFunction('body', body);
    this.enter();
    let result: T | undefined;
    let failure: { error: unknown } | null = null;
    try {
      result = yield* runBody(body, this);
    } catch (error) {
      failure = { error };
    }
    yield* this.leave(failure);
    return result;
  }

  /**
   * Starts a task in the group.
   * @throws Error before the block has begun, after it has ended, and once the group is being aborted
   */
  createTask<T>(body: TaskBody<T>, options?: TaskOptions): Task<T> {
    if (!this.entered) throw new Error('TaskGroup has not been entered');
    if (this.exiting && this.unfinished === 0) throw new Error('TaskGroup is finished');
    if (this.aborting) throw new Error('TaskGroup is shutting down');
    const { scheduler } = this.parent!.owner;
    const task = createTaskOn(scheduler, body, this.inScope(options));
    this.adopt(task as Task<unknown>);
    return task;
  }

  /**
   * Starts a task in the group and waits until it says that it is up, by calling `status.started(value)`; gives that
   * value (trio: `nursery.start`). Until then its failure is the caller's, not the group's, and cancelling the caller
   * cancels it.
   * @throws what the task throws before it is up; Error when it ends without having called `started`
   */
  start<T = void>(body: Body<[TaskStatus<T>], unknown>, options?: TaskOptions): Awaitable<T> {
    return startInGroup(this, body, options);
  }

  /** @internal */
  *startInline<T>(body: Body<[TaskStatus<T>], unknown>, options?: TaskOptions): Coroutine<T> {
    checkFunction('body', body);
    if (!this.entered || this.parent === null) throw new Error('TaskGroup is not running');
    if (this.aborting) throw new Error('TaskGroup is shutting down');
    const { scheduler } = this.parent.owner;
    const up = new Future<{ value: T } | null>(scheduler);
    let started = false;
    let task: Task<unknown> | null = null;
    const status = {
      started: (value: T) => {
        if (up.done()) throw new Error('started() was called already, or too late');
        up.setResult({ value });
        started = true;
        if (task !== null) this.adopt(task);
      },
    };
    const run = () => body(status);
    if (isGeneratorFunction(body)) markGeneratorFunction(run);
    task = createTaskOn<unknown>(scheduler, run, this.inScope(options));
    // The block does not end before it is known whether the task comes up.
    this.unfinished++;
    // An eager task may be up before it is even known here.
    if (started) this.adopt(task);
    const remove = whenDone(task, () => {
      if (!up.done()) up.setResult(null);
    });
    let outcome: { value: T } | null;
    try {
      outcome = yield* up;
    } catch (error) {
      if (!task.done() && !started) yield* undisturbed(cancelAndWait(task));
      throw error;
    } finally {
      remove();
      this.oneLess();
    }
    if (outcome !== null) return outcome.value;
    task.result();
    throw new Error(`${task.describe()} ended without having called started()`);
  }

  /** The task is the group's from now on. */
  private adopt(task: Task<unknown>): void {
    const member = new Member(this, task, this.parent!.owner);
    this.members.append(member);
    this.unfinished++;
    task.addWaiter(member);
    // An eager task may have cancelled the group in its first step.
    if (this.aborting && !task.done()) task.cancel();
  }

  /** The group's tasks are in the cancel scope that the group is in. */
  private inScope(options: TaskOptions | undefined): TaskOptions | undefined {
    return this.scope === null ? options : { ...options, scope: this.scope };
  }

  /**
   * Cancels the group's tasks and its body; the block then ends without an error (asyncio 3.15). Before the block has
   * begun, it takes effect on entry; after it has ended, it does nothing.
   */
  cancel(): void {
    if (!this.entered) {
      this.cancelOnEntry = true;
      return;
    }
    if (this.aborting || (this.exiting && this.unfinished === 0)) return;
    this.abort();
    this.cancelParent();
  }

  /** How it stands: for `JSON.stringify`, which could not show the tasks and all around them. */
  toJSON(): { unfinished: number; errors: number; aborting: boolean } {
    return { unfinished: this.unfinished, errors: this.errors.length, aborting: this.aborting };
  }

  /** For `console.log`. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return inspectFacts('TaskGroup', this.toJSON(), options);
  }

  private enter(): void {
    if (this.entered) throw new Error('TaskGroup has already been entered');
    this.parent = currentDriver();
    if (this.parent === null) throw new Error('TaskGroup cannot determine the parent task');
    this.entered = true;
    this.scope = scopeOf(this.parent);
    if (this.cancelOnEntry) this.cancel();
  }

  private *leave(failure: { error: unknown } | null): Coroutine<void> {
    const parent = this.parent!;
    this.exiting = true;
    const bodyCancellation = failure === null ? null : cancellationIn(failure.error);
    let cancellation = bodyCancellation;
    if (failure !== null && !this.aborting) this.abort();
    let absorbed: CancelledError | null = null;
    while (this.unfinished > 0) {
      this.allDone = new GroupEnd(parent.owner.scheduler);
      try {
        // A cancelled scope reaches the group's tasks by itself; the wait for their end has to go on.
        yield* undisturbed(this.allDone);
      } catch (error) {
        if (!(error instanceof CancelledError)) throw error;
        absorbed = error;
        if (!this.aborting) {
          cancellation = error;
          this.abort();
        }
      }
      this.allDone = null;
    }
    if (this.parentCancelRequested) {
      if (takeRequestBack(parent) === 0) cancellation = null;
      else cancellation ??= absorbed;
    }
    const { errors } = this;
    this.errors = [];
    this.parent = null;
    if (cancellation !== null && errors.length === 0) throw cancellation;
    if (failure !== null && bodyCancellation === null) errors.push(failure.error);
    if (errors.length === 0) return;
    if (requestsFor(parent) > 0) {
      // The errors go first; the cancellation from outside arrives at the next await.
      requestAgain(parent);
    }
    throw new ErrorGroup('unhandled errors in a TaskGroup', errors);
  }

  /** @internal */
  memberDone(member: Member): void {
    const { task } = member;
    this.members.remove(member);
    this.oneLess();
    if (task.cancelled()) return;
    const failure = task.takeFailure();
    if (failure === null) return;
    this.errors.push(failure.error);
    if (this.aborting || this.parentCancelRequested) return;
    this.abort();
    this.cancelParent();
  }

  private oneLess(): void {
    this.unfinished--;
    if (this.unfinished === 0 && this.allDone !== null && !this.allDone.done()) this.allDone.setResult();
  }

  private abort(): void {
    this.aborting = true;
    // One error for all, as an AbortSignal has one reason: to make one costs as much as to end a task.
    const reason = cancelledError(undefined);
    for (const { task } of this.members) if (!task.done()) task.cancel(reason);
  }

  private cancelParent(): void {
    if (this.parentCancelRequested) return;
    this.parentCancelRequested = true;
    requestCancel(this.parent!);
  }
}

/** What a group's block waits for. */
class GroupEnd extends Future<void> {
  override describe(): string {
    return 'the tasks of a group';
  }
}

/** A task in a group: waits for the task on the group's behalf. */
class Member implements Waiter, Runnable, Linked {
  listPrevious: Linked | null = null;
  listNext: Linked | null = null;

  constructor(
    private readonly group: TaskGroup,
    readonly task: Task<unknown>,
    readonly awaiter: Task<unknown>,
  ) {}

  wake(): void {
    this.task.scheduler.pushReady(this);
  }

  run(): void {
    this.group.memberDone(this);
  }
}

/** How a task tells `TaskGroup.start` that it is up. */
export interface TaskStatus<T> {
  /** @throws Error when called twice */
  started(value: T): void;
}

const startInGroup = coroutine(function* <T>(
  group: TaskGroup,
  body: Body<[TaskStatus<T>], unknown>,
  options?: TaskOptions,
): Coroutine<T> {
  return yield* group.startInline(body, options);
}) as <T>(group: TaskGroup, body: Body<[TaskStatus<T>], unknown>, options?: TaskOptions) => Awaitable<T>;

const runGroup = coroutine(function* <T>(
  group: TaskGroup,
  body: Body<[TaskGroup], T>,
): Coroutine<T | undefined> {
  return yield* group.runInline(body);
}) as <T>(group: TaskGroup, body: Body<[TaskGroup], T>) => Awaitable<T | undefined>;

/**
 * Runs `body` with a task group and waits for the group's tasks: `await taskGroup(async (tg) => { ... })`. See
 * `TaskGroup`. Gives what the body returns, or undefined if the group was ended with `tg.cancel()`.
 * @throws ErrorGroup with every error of a task and of the body
 */
export function taskGroup<T>(body: Body<[TaskGroup], T>): Awaitable<T | undefined> {
  return runGroup(new TaskGroup(), body);
}
