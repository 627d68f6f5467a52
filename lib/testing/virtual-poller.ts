import { monotonicMs } from '../scheduler/monotonic.ts';
import type { Poller } from '../scheduler/poller.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { Task } from '../tasks/task.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Kept, so that a test's fake timers don't stop the loop. */
const { setImmediate, setTimeout, clearTimeout, queueMicrotask } = globalThis;
const { nextTick } = process;

/** How long (real ms) tasks that await a promise from elsewhere get before the clock jumps. */
const patienceMs = 20;

/** A poller that never waits: its clock jumps. It has no I/O of its own. */
export class VirtualPoller implements Poller {
  readonly resolutionMs: number;
  /** Passes begun so far. */
  passes = 0;
  private scheduler: Scheduler | null = null;
  private turnQueued = false;
  private waitTimer: NodeJS.Timeout | null = null;
  private waitedSinceMs = Number.NaN;
  private closed = false;

  constructor(readonly clock: VirtualClock) {
    this.resolutionMs = clock.resolutionMs;
  }

  /** The scheduler to turn. */
  attach(scheduler: Scheduler): void {
    this.scheduler = scheduler;
  }

  now(): number {
    return this.clock.now();
  }

  readonly hasSubmissions = false;

  poll(untilMs: number): void {
    this.passes++;
    const timeoutMs = untilMs - this.clock.now();
    if (timeoutMs > 0) this.clock.sleep(timeoutMs);
  }

  settle(ready: boolean, deadlineMs: number): void {
    if (ready) {
      this.waitedSinceMs = Number.NaN;
      this.queueTurn();
    } else if (deadlineMs < Infinity || (this.clock.noticesIdleness && this.scheduler!.hasReferences)) {
      this.whenQuiet();
    }
  }

  pause(): void {
    queueMicrotask(() => nextTick(this.afterMicrotasks));
  }

  private readonly afterMicrotasks = (): void => {
    if (this.scheduler?.isPaused === true) this.scheduler.turn();
  };

  setReferenced(): void {}

  close(): void {
    this.closed = true;
    this.scheduler = null;
    if (this.waitTimer !== null) clearTimeout(this.waitTimer);
  }

  private queueTurn(): void {
    if (this.turnQueued) return;
    this.turnQueued = true;
    setImmediate(() => {
      this.turnQueued = false;
      this.scheduler?.turn();
    });
  }

  /** Nothing is ready: the clock may jump, unless something real is under way that the program waits for. */
  private whenQuiet(): void {
    if (this.closed || this.waitTimer !== null) return;
    if (!this.waitsForReality()) {
      this.waitedSinceMs = Number.NaN;
      this.queueTurn();
      return;
    }
    if (Number.isNaN(this.waitedSinceMs)) this.waitedSinceMs = monotonicMs();
    this.waitTimer = setTimeout(() => {
      this.waitTimer = null;
      if (this.scheduler !== null && !this.turnQueued) this.whenQuiet();
    }, 1);
  }

  private waitsForReality(): boolean {
    const scheduler = this.scheduler!;
    if (scheduler.externals > 0) return true;
    if (monotonicMs() - this.waitedSinceMs > patienceMs) return false;
    if (scheduler.promises > 0) return true;
    for (const task of scheduler.alive) if ((task as Task<unknown>).awaiting.length === 0) return true;
    return false;
  }
}
