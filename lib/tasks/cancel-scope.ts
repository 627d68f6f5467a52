import { type InspectOptions, inspect } from 'node:util';
import { argumentType, checkMilliseconds, checkOptions, hasMethods } from '../arguments.ts';
import type { TimerHandle } from '../scheduler/handle.ts';
import { onAbort } from './abort-listeners.ts';
import type { Awaitable, Body, Coroutine } from './awaitable.ts';
import { runBody } from './body.ts';
import { cancelByScope, isScopeCancelled, requestsFor, scopeOf } from './cancellation.ts';
import { coroutine } from './coroutine.ts';
import { currentDriver } from './current-task.ts';
import type { Driver } from './driver.ts';
import { requireScheduler } from './ensure.ts';
import { CancelledError, cancellationIn, TimeoutError } from './errors.ts';
import { inspectFacts } from './inspection.ts';

/** What a cancel scope can be made with. */
export interface CancelScopeOptions {
  /** Loop time (ms) at which the scope is cancelled. Default: never. */
  deadline?: number | undefined;
  /** Keeps cancellations of outer scopes out, while this scope runs. `task.cancel()` still gets through. */
  shield?: boolean | undefined;
  /** Aborting it cancels the scope. */
  signal?: AbortSignal | undefined;
}

/**
 * A part of a task that can be cancelled as a whole (trio: `CancelScope`). Unlike `task.cancel()`, which delivers one
 * CancelledError, a scope's cancellation is a state: every wait inside it fails until the scope is left, so that it
 * can't be lost by catching it. The scope catches its own CancelledError; whoever is outside does not notice.
 *
 * Scopes nest, and a task group's tasks belong to the scopes around the group. Async functions that one task runs side
 * by side have each their own.
 */
export class CancelScope {
  private driver: Driver | null = null;
  /** The scope that the driver was in before. */
  private previous: CancelScope | null = null;
  /** That one, or the one of a driver above. */
  private parent: CancelScope | null = null;
  /** Scopes directly inside this one. */
  private readonly inner = new Set<CancelScope>();
  /** Drivers whose innermost scope is this one, but for those that are below another of them. */
  private readonly members = new Set<Driver>();
  private deadlineMs: number;
  private isShield: boolean;
  private readonly outerSignal: AbortSignal | null;
  private unlisten: (() => void) | null = null;
  private controller: AbortController | null = null;
  private timer: TimerHandle | null = null;
  private left = false;
  private called = false;
  private caught = false;
  private requestsAtEntry = 0;

  constructor(options: CancelScopeOptions = {}) {
    checkOptions('options', options);
    const { deadline = Infinity, signal = null } = options;
    checkMilliseconds('options.deadline', deadline);
    if (signal !== null && !hasMethods(signal, 'addEventListener', 'removeEventListener'))
      throw argumentType('options.signal', 'AbortSignal', signal);
    this.deadlineMs = deadline;
    this.isShield = options.shield ?? false;
    this.outerSignal = signal;
  }

  /** Loop time (ms) at which the scope is cancelled; Infinity: never. May be set at any time. */
  get deadline(): number {
    return this.deadlineMs;
  }

  /** @throws RangeError for NaN; TypeError for what is no number */
  set deadline(deadlineMs: number) {
    checkMilliseconds('deadline', deadlineMs);
    this.deadlineMs = deadlineMs;
    this.schedule();
  }

  /** Whether cancellations of outer scopes are kept out. May be set at any time. */
  get shield(): boolean {
    return this.isShield;
  }

  /** Taking the shield away lets a cancellation in that has come meanwhile. */
  set shield(shield: boolean) {
    this.isShield = shield;
    if (!shield && this.isEffectivelyCancelled()) this.deliver();
  }

  /** `cancel()` was called, the deadline has passed, or the signal was aborted. */
  get cancelCalled(): boolean {
    return this.called;
  }

  /** The scope was left early: it has caught a CancelledError. */
  get cancelledCaught(): boolean {
    return this.caught;
  }

  /** Aborted when the scope or one that contains it is cancelled: for `fetch` and the like. */
  get signal(): AbortSignal {
    if (this.controller === null) {
      this.controller = new AbortController();
      if (this.isEffectivelyCancelled()) this.controller.abort(new CancelledError());
    }
    return this.controller.signal;
  }

  /** Cancels everything in the scope, now and for as long as it runs. May be called before the scope runs. */
  cancel(): void {
    if (this.called) return;
    this.called = true;
    if (!this.left) this.deliver();
  }

  /** How it stands: for `JSON.stringify`, which could not show the task and all around it. */
  toJSON(): { deadline: number; shield: boolean; cancelCalled: boolean; cancelledCaught: boolean } {
    const { deadline, shield, cancelCalled, cancelledCaught } = this;
    return { deadline, shield, cancelCalled, cancelledCaught };
  }

  /** For `console.log`. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return inspectFacts('CancelScope', this.toJSON(), options);
  }

  /** Runs `body` in this scope; gives its result, or undefined if the scope was cancelled. A scope is used once. */
  run<T>(body: Body<[CancelScope], T>): Awaitable<T | undefined> {
    return runScope(this, body);
  }

  /** @internal */
  *runInline<T>(body: Body<[CancelScope], T>): Coroutine<T | undefined> {
    this.enter();
    try {
      return yield* runBody(body, this);
    } catch (error) {
      if (cancellationIn(error) === null || !this.isOwnCancellation()) throw error;
      this.caught = true;
      return undefined;
    } finally {
      this.leave();
    }
  }

  /** @internal True when this scope, or one that reaches into it, is cancelled. */
  isEffectivelyCancelled(): boolean {
    for (let scope: CancelScope | null = this; scope !== null; scope = scope.isShield ? null : scope.parent) {
      if (scope.called && !scope.left) return true;
    }
    return false;
  }

  /** @internal A task begins in this scope. */
  addMember(task: Driver): void {
    this.members.add(task);
  }

  /** @internal The task is done. */
  removeMember(task: Driver): void {
    this.members.delete(task);
  }

  private enter(): void {
    const driver = currentDriver();
    if (driver === null) throw new Error('A cancel scope has to be used inside a task');
    if (this.driver !== null) throw new Error('A cancel scope can be entered only once');
    const extra = driver.rare();
    this.driver = driver;
    this.requestsAtEntry = requestsFor(driver);
    this.parent = scopeOf(driver);
    this.parent?.inner.add(this);
    this.previous = extra.scope;
    this.previous?.members.delete(driver);
    this.members.add(driver);
    extra.scope = this;
    if (this.outerSignal?.aborted === true) this.cancel();
    else if (this.outerSignal !== null) this.unlisten = onAbort(this.outerSignal, () => this.cancel());
    this.schedule();
  }

  private leave(): void {
    const driver = this.driver!;
    this.left = true;
    this.timer?.cancel();
    this.timer = null;
    this.unlisten?.();
    this.parent?.inner.delete(this);
    // Of async functions that outlive the scope.
    for (const scope of this.inner) {
      scope.parent = this.parent;
      this.parent?.inner.add(scope);
    }
    this.members.delete(driver);
    this.previous?.members.add(driver);
    driver.rare().scope = this.previous;
  }

  /** Whether a CancelledError that arrives at this scope's end is due to this scope alone. */
  private isOwnCancellation(): boolean {
    const fromOutside = !this.isShield && this.parent !== null && this.parent.isEffectivelyCancelled();
    return this.called && !fromOutside && requestsFor(this.driver!) <= this.requestsAtEntry;
  }

  /** Wakes whoever waits in this scope and in those inside it that it reaches. */
  private deliver(): void {
    this.controller?.abort(new CancelledError());
    for (const driver of [...this.members]) if (isScopeCancelled(driver)) cancelByScope(driver);
    for (const scope of [...this.inner]) if (!scope.isShield && !scope.called) scope.deliver();
  }

  private schedule(): void {
    this.timer?.cancel();
    this.timer = null;
    if (this.driver === null || this.left || this.called || this.deadlineMs === Infinity) return;
    const { scheduler } = this.driver.owner;
    if (this.deadlineMs <= scheduler.now()) this.cancel();
    else this.timer = scheduler.callAt(this.deadlineMs, this.onDeadline, [], null);
  }

  private readonly onDeadline = (): void => this.cancel();
}

const runScope = coroutine(function* <T>(
  scope: CancelScope,
  body: Body<[CancelScope], T>,
): Coroutine<T | undefined> {
  return yield* scope.runInline(body);
}) as <T>(scope: CancelScope, body: Body<[CancelScope], T>) => Awaitable<T | undefined>;

/**
 * Runs `body` for at most `delayMs` milliseconds and then gives up on it without an error: the result is undefined,
 * and `scope.cancelledCaught` is true (trio: `move_on_after`).
 */
export const moveOnAfter = coroutine(function* <T>(
  delayMs: number,
  body: Body<[CancelScope], T>,
  options: Omit<CancelScopeOptions, 'deadline'> = {},
): Coroutine<T | undefined> {
  checkMilliseconds('delayMs', delayMs);
  checkOptions('options', options);
  const scope = new CancelScope({ ...options, deadline: requireScheduler().now() + delayMs });
  return yield* scope.runInline(body);
}) as <T>(
  delayMs: number,
  body: Body<[CancelScope], T>,
  options?: Omit<CancelScopeOptions, 'deadline'>,
) => Awaitable<T | undefined>;

/**
 * Runs `body` for at most `delayMs` milliseconds (trio: `fail_after`).
 * @throws TimeoutError when the time is up
 */
export const failAfter = coroutine(function* <T>(
  delayMs: number,
  body: Body<[CancelScope], T>,
  options: Omit<CancelScopeOptions, 'deadline'> = {},
): Coroutine<T> {
  checkMilliseconds('delayMs', delayMs);
  checkOptions('options', options);
  const scope = new CancelScope({ ...options, deadline: requireScheduler().now() + delayMs });
  const result = yield* scope.runInline(body);
  if (scope.cancelledCaught) throw new TimeoutError('The time is up');
  return result as T;
}) as <T>(
  delayMs: number,
  body: Body<[CancelScope], T>,
  options?: Omit<CancelScopeOptions, 'deadline'>,
) => Awaitable<T>;
