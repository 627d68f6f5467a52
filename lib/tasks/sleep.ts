import { checkMilliseconds } from '../arguments.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { TimerEntry } from '../scheduler/timer-heap.ts';
import type { Awaitable } from './awaitable.ts';
import { BarePass } from './bare-pass.ts';
import { requireScheduler } from './ensure.ts';
import { Future, futureFlag } from './future.ts';

/**
 * Waits for `delayMs` milliseconds, fractions honoured, then gives `result`. Zero or less is a bare pass: everything
 * that is ready gets its turn, without a timer. The time counts from the moment somebody first awaits it.
 * @throws RangeError for NaN; TypeError for what is no number
 */
export function sleep(delayMs: number): Awaitable<void>;
export function sleep<T>(delayMs: number, result: T): Awaitable<T>;
export function sleep<T>(delayMs: number, result?: T): Awaitable<T | undefined> {
  checkMilliseconds('delayMs', delayMs);
  if (delayMs <= 0) return new BarePass(result);
  if (result === undefined) return new Sleep<undefined>(requireScheduler(), delayMs);
  return new SleepWithResult(requireScheduler(), delayMs, result);
}

/** A sleep is its own timer entry: one object. While it is pending, its value is the delay: a field less. */
class Sleep<T> extends Future<T> implements TimerEntry {
  constructor(scheduler: Scheduler, delayMs: number) {
    super(scheduler);
    this.value = delayMs;
  }

  /** What it gives. */
  protected outcome(): T {
    return undefined as T;
  }

  override adopt(scheduler: Scheduler): boolean {
    if ((this.flags & futureFlag.started) !== 0) return false;
    this.scheduler = scheduler;
    return true;
  }

  protected override start(): void {
    this.scheduler.retain();
    this.scheduler.addTimer(this.scheduler.now() + (this.value as number), this);
  }

  isCancelled(): boolean {
    return this.done();
  }

  run(): void {
    if (this.done()) return;
    this.scheduler.release();
    this.finishWithResult(this.outcome());
  }

  override describe(): string {
    return this.done() ? 'sleep' : `sleep(${this.value})`;
  }

  protected override onCancel(): void {
    if ((this.flags & futureFlag.started) === 0) return;
    this.scheduler.release();
    this.scheduler.timerCancelled();
  }
}

class SleepWithResult<T> extends Sleep<T> {
  constructor(
    scheduler: Scheduler,
    delayMs: number,
    private readonly finalResult: T,
  ) {
    super(scheduler, delayMs);
  }

  protected override outcome(): T {
    return this.finalResult;
  }
}
