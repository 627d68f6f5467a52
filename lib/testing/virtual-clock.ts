import { argumentRange, checkMilliseconds } from '../arguments.ts';

/**
 * A clock for tests: it stands still while anything is ready to run, and jumps to the next timer when nothing is
 * (trio: autojump `MockClock`). An hour of sleeping takes no time, and always the same course.
 */
export class VirtualClock {
  /** Deadlines that differ by less fire together. */
  readonly resolutionMs = 1e-6;
  /** Called when nothing is ready and no timer is pending. Unless it makes something ready, nothing ever happens again. */
  onIdle: (() => void) | null = null;
  private nowMs: number;

  constructor(startMs = 0) {
    checkMilliseconds('startMs', startMs);
    this.nowMs = startMs;
  }

  /** A loop asks: does it have to tell when nothing can happen any more? */
  get noticesIdleness(): boolean {
    return this.onIdle !== null;
  }

  /** Milliseconds since the clock's start. */
  now(): number {
    return this.nowMs;
  }

  /** Moves the clock on, as if the program had been busy for so long. @throws RangeError below zero; TypeError */
  advance(byMs: number): void {
    checkMilliseconds('byMs', byMs);
    if (byMs < 0) throw argumentRange('byMs', 'zero or more: a clock only goes forward', byMs);
    this.nowMs += byMs;
  }

  /** A loop has nothing to do for `timeoutMs` (Infinity: at all). */
  sleep(timeoutMs: number): void {
    if (timeoutMs === Infinity) this.onIdle?.();
    else this.nowMs += timeoutMs;
  }
}
