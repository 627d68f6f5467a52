import { type InspectOptions, inspect } from 'node:util';
import { checkMillisecondsOrNull } from '../arguments.ts';
import type { Handle } from '../scheduler/handle.ts';
import type { Awaitable, Body, Coroutine } from './awaitable.ts';
import { runBody } from './body.ts';
import { requestCancel, requestsFor, takeRequestBack } from './cancellation.ts';
import { coroutine } from './coroutine.ts';
import { currentDriver } from './current-task.ts';
import type { Driver } from './driver.ts';
import { requireScheduler } from './ensure.ts';
import { cancellationIn, TimeoutError } from './errors.ts';
import { inspectFacts } from './inspection.ts';

type State = 'created' | 'active' | 'expiring' | 'expired' | 'finished';

/**
 * A deadline for a part of a task (asyncio: `Timeout`). When it passes, the part is cancelled, and what leaves it as a
 * CancelledError becomes a TimeoutError, unless somebody else has asked for the cancellation too.
 */
export class Timeout {
  private state: State = 'created';
  private driver: Driver | null = null;
  private requestsAtEntry = 0;
  private handle: Handle | null = null;

  /** `deadlineMs`: loop time in milliseconds; null: none. */
  constructor(private deadlineMs: number | null) {
    checkMillisecondsOrNull('deadlineMs', deadlineMs);
  }

  /** The deadline in loop time (ms), or null. */
  when(): number | null {
    return this.deadlineMs;
  }

  /** True from the moment the deadline passed, also after the block. */
  expired(): boolean {
    return this.state === 'expiring' || this.state === 'expired';
  }

  /**
   * Moves the deadline; null removes it. A deadline in the past expires in the next pass.
   * @throws Error unless the block is running and has not expired; TypeError and RangeError for what is no time
   */
  reschedule(deadlineMs: number | null): void {
    checkMillisecondsOrNull('deadlineMs', deadlineMs);
    if (this.state !== 'active') {
      throw new Error(
        this.state === 'created'
          ? 'Timeout has not been entered'
          : `Cannot change state of ${this.state} Timeout`,
      );
    }
    this.deadlineMs = deadlineMs;
    this.handle?.cancel();
    this.handle = null;
    if (deadlineMs === null) return;
    const { scheduler } = this.driver!.owner;
    this.handle =
      deadlineMs <= scheduler.now()
        ? scheduler.callSoon(this.expire, [], null)
        : scheduler.callAt(deadlineMs, this.expire, [], null);
  }

  /** How it stands: for `JSON.stringify`, which could not show the task and all around it. */
  toJSON(): { when: number | null; state: string } {
    return { when: this.deadlineMs, state: this.state };
  }

  /** For `console.log`. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return inspectFacts('Timeout', this.toJSON(), options);
  }

  /** Runs `body` under this timeout. A timeout is used once. */
  *run<T>(body: Body<[Timeout], T>): Coroutine<T> {
    this.enter();
    let result: T;
    try {
      result = yield* runBody(body, this);
    } catch (error) {
      throw this.leave(error);
    }
    this.leave(null);
    return result;
  }

  private enter(): void {
    if (this.state !== 'created') throw new Error('Timeout has already been entered');
    const driver = currentDriver();
    if (driver === null) throw new Error('Timeout should be used inside a task');
    this.state = 'active';
    this.driver = driver;
    this.requestsAtEntry = requestsFor(driver);
    this.reschedule(this.deadlineMs);
  }

  /** The block is left with `error`, or null; gives the error to leave it with. */
  private leave(error: unknown): unknown {
    this.handle?.cancel();
    this.handle = null;
    if (this.state === 'active') this.state = 'finished';
    else {
      this.state = 'expired';
      if (takeRequestBack(this.driver!) <= this.requestsAtEntry && cancellationIn(error) !== null) {
        return new TimeoutError('The timeout has expired', { cause: error });
      }
    }
    return error;
  }

  private readonly expire = (): void => {
    this.handle = null;
    requestCancel(this.driver!);
    this.state = 'expiring';
  };
}

/**
 * Runs `body` with at most `delayMs` milliseconds (null: no limit, but the `Timeout` given to the body can set one).
 * The time counts from the moment the result is awaited. A promise from elsewhere that the body awaits is not
 * interrupted: see `wrapPromise`. (asyncio: `timeout`)
 * @throws TimeoutError when the time is up and the body let the cancellation pass
 */
export const timeout = coroutine(function* <T>(
  delayMs: number | null,
  body: Body<[Timeout], T>,
): Coroutine<T> {
  checkMillisecondsOrNull('delayMs', delayMs);
  return yield* new Timeout(delayMs === null ? null : requireScheduler().now() + delayMs).run(body);
}) as <T>(delayMs: number | null, body: Body<[Timeout], T>) => Awaitable<T>;

/** Like `timeout`, with a deadline in loop time (ms). */
export const timeoutAt = coroutine(function* <T>(
  deadlineMs: number | null,
  body: Body<[Timeout], T>,
): Coroutine<T> {
  return yield* new Timeout(deadlineMs).run(body);
}) as <T>(deadlineMs: number | null, body: Body<[Timeout], T>) => Awaitable<T>;
