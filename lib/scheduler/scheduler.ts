import { type Context, copyContext, rootContext } from './context.ts';
import { enterScheduler } from './current.ts';
import { Handle, type Runnable, TimerHandle } from './handle.ts';
import { LateReports } from './late-reports.ts';
import { type Linked, LinkedList } from './linked-list.ts';
import { microtask } from './microtask.ts';
import { monotonicMs } from './monotonic.ts';
import type { Poller } from './poller.ts';
import { ReadyQueue } from './ready-queue.ts';
import { type TimerEntry, TimerHeap } from './timer-heap.ts';

/** What is told to a loop's exception handler (asyncio's context dictionary). */
export interface ErrorContext {
  /** What happened. */
  message: string;
  /** The error, if there is one. */
  exception?: unknown;
  /** Further details: `future`, `task`, `handle`, `server`; `recovered: true` if the loop has dealt with it itself. */
  [detail: string]: unknown;
}

/** Who watches how long things run, in debug mode. */
export interface Observer {
  /** Runs `runnable`. */
  run(runnable: Runnable): void;
  /** The pass has paused for an async function. */
  asyncResumed(): void;
  /** The async function of `who` has come to its next await. */
  asyncSuspended(who: object): void;
}

/** A turn gives Node's loop its go after this time, ... */
const turnBudgetMs = 1.5;
/** ... which it looks at every so many handles. */
const handlesPerClockCheck = 64;

/**
 * Runs handles in passes, exactly as asyncio's loop does: a pass drops cancelled timers, polls, makes due timers
 * ready, and then runs the handles that are ready at that moment; those that they add run in the next pass.
 *
 * It knows no task and no socket. A poller calls `turn()` whenever there may be work.
 */
export class Scheduler {
  readonly poller: Poller;
  /** The event loop around this scheduler; set by that loop. */
  loop: unknown;
  /** Whatever is alive in this loop and wants to be listed, in the order in which it was made: tasks. */
  readonly alive = new LinkedList<Linked>();
  /** Failures that nobody has looked at. */
  readonly lateReports = new LateReports();
  /** Set by the loop: where errors go that have nobody to go to. */
  onError: ((context: ErrorContext) => void) | null = null;
  /** Set for a loop that starts by itself: there is work, and nobody runs the loop. */
  onWorkWhileStopped: (() => void) | null = null;
  /** @internal Set in debug mode. */
  observer: Observer | null = null;

  /** Things under way outside the loop that tasks wait for, such as promises: a virtual clock must not jump over them. */
  externals = 0;
  /** Promises that tasks wait for and that may settle from outside the loop, or from inside. */
  promises = 0;

  private readonly ready = new ReadyQueue();
  private readonly timers = new TimerHeap();
  private running: boolean;
  private stopping = false;
  private closed = false;
  private onStopped: (() => void) | null = null;
  /** Handles are running (on the stack). */
  private dispatching = false;
  /** Handles of the present pass that have not run. */
  private remaining = 0;
  private inPass = false;
  /** A pass waits until this object's async function has come to its next await. */
  private pausedFor: object | null = null;
  private paused = false;
  private pauseSerial = 0;
  private resumeSerial = -1;
  private turnEndsAtMs = 0;
  private handlesUntilClock = handlesPerClockCheck;
  /** What the poller was last told. */
  private settledReady = false;
  private settledDeadlineMs = Infinity;
  private references = 0;
  private toldReferenced = false;
  private mayHold = true;

  /** `running` false: handles wait until `start`. */
  constructor(poller: Poller, running = true) {
    this.poller = poller;
    this.running = running;
  }

  /** Loop time in milliseconds. */
  now(): number {
    return this.poller.now();
  }

  /** True while handles of this scheduler are on the stack. */
  get isDispatching(): boolean {
    return this.dispatching;
  }

  get isRunning(): boolean {
    return this.running;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  // ---- scheduling ---------------------------------------------------------------------------------------------

  /** Runs `callback(...args)` in the next pass. `context`: undefined copies the current one, null runs without. */
  callSoon(
    callback: (...args: never[]) => unknown,
    args: readonly unknown[] = [],
    context?: Context | null,
  ): Handle {
    this.checkOpen();
    const handle = new Handle(this, callback, args, context === undefined ? copyContext() : context);
    this.pushReady(handle);
    return handle;
  }

  callLater(
    delayMs: number,
    callback: (...args: never[]) => unknown,
    args: readonly unknown[] = [],
    context?: Context | null,
  ): TimerHandle {
    return this.callAt(this.poller.now() + delayMs, callback, args, context);
  }

  callAt(
    deadlineMs: number,
    callback: (...args: never[]) => unknown,
    args: readonly unknown[] = [],
    context?: Context | null,
  ): TimerHandle {
    this.checkOpen();
    if (Number.isNaN(deadlineMs)) throw new RangeError('A timer needs a time: got NaN');
    const timer = new TimerHandle(
      this,
      deadlineMs,
      callback,
      args,
      context === undefined ? copyContext() : context,
    );
    this.addTimer(deadlineMs, timer);
    return timer;
  }

  /** Internal fast path: `runnable` runs in the next pass, without a handle and without a context of its own. */
  pushReady(runnable: Runnable): void {
    this.ready.push(runnable);
    if (!this.settledReady && !this.dispatching && !this.paused) this.settle();
  }

  /** Internal fast path: `entry` becomes ready at `deadlineMs`. */
  addTimer(deadlineMs: number, entry: TimerEntry): void {
    this.timers.add(deadlineMs, entry);
    if (deadlineMs < this.settledDeadlineMs && !this.dispatching && !this.paused) this.settle();
  }

  /** An entry in the timer heap was cancelled. */
  timerCancelled(): void {
    this.timers.noteCancelled();
  }

  /** Timers in the heap, cancelled ones that have not left yet included. */
  get timerCount(): number {
    return this.timers.size;
  }

  get readyCount(): number {
    return this.ready.size;
  }

  // ---- life ---------------------------------------------------------------------------------------------------

  /** Lets handles run. A new scheduler runs. `onStopped` is called at the end of the pass in which `stop` is called. */
  start(onStopped?: () => void): void {
    this.checkOpen();
    this.running = true;
    this.onStopped = onStopped ?? null;
    this.settle(this.stopping || this.ready.size > 0 || this.inPass);
  }

  /** Ends the run after the present pass (or, if none runs, after the next one); what is ready then stays queued. */
  stop(): void {
    this.stopping = true;
    if (this.running && !this.dispatching && !this.paused) this.settle(true);
  }

  /** Something that keeps the process alive begins: an unfinished task, a timer, an operation. */
  retain(): void {
    if (this.references++ === 0 && !this.dispatching && !this.paused) this.tellReferenced();
  }

  release(): void {
    if (--this.references === 0 && !this.dispatching && !this.paused) this.tellReferenced();
  }

  /** True while something keeps the process alive: an unfinished task, a timer, an operation. */
  get hasReferences(): boolean {
    return this.references > 0;
  }

  /** False: the process may end although there is unfinished work. */
  setReferenced(referenced: boolean): void {
    this.mayHold = referenced;
    if (!this.dispatching && !this.paused) this.tellReferenced();
  }

  /** Drops everything that is queued and closes the poller. Idempotent. */
  close(): void {
    if (this.closed) return;
    if (this.dispatching) throw new Error('Cannot close a running event loop');
    this.closed = true;
    this.running = false;
    while (this.ready.size > 0) this.ready.shift().dropped?.();
    this.ready.clear();
    for (const member of this.alive) member.loopClosed?.();
    this.timers.clear();
    this.remaining = 0;
    this.inPass = this.paused = false;
    this.pausedFor = null;
    this.lateReports.flush();
    this.poller.close();
  }

  /** To the loop's exception handler; without a loop, an unhandled rejection. */
  reportError(context: ErrorContext): void {
    if (this.onError !== null) {
      this.onError(context);
      return;
    }
    const error = context.exception ?? new Error(context.message);
    rootContext.run(() => {
      void Promise.reject(error);
    });
  }

  // ---- turns --------------------------------------------------------------------------------------------------

  /** Runs passes while something is ready, for a bounded time. Called by the poller, with nothing on the stack. */
  turn(): void {
    if (this.dispatching || !this.running) return;
    if (!this.paused) {
      this.turnEndsAtMs = monotonicMs() + turnBudgetMs;
      this.handlesUntilClock = handlesPerClockCheck;
    }
    this.paused = false;
    this.pausedFor = null;
    this.dispatching = true;
    const previous = enterScheduler(this);
    try {
      this.runPasses();
    } finally {
      enterScheduler(previous);
      this.dispatching = false;
    }
    if (this.paused) {
      this.poller.pause();
      return;
    }
    if (this.stopping && !this.inPass) {
      this.stopping = this.running = false;
      this.settledReady = false;
      this.settledDeadlineMs = Infinity;
      this.poller.settle(false, Infinity);
      this.tellReferenced();
      const { onStopped } = this;
      this.onStopped = null;
      onStopped?.();
      return;
    }
    this.settle();
  }

  private runPasses(): void {
    const { poller, ready } = this;
    for (;;) {
      if (!this.inPass) this.beginPass();
      while (this.remaining > 0) {
        if (--this.handlesUntilClock <= 0) {
          this.handlesUntilClock = handlesPerClockCheck;
          if (monotonicMs() >= this.turnEndsAtMs) break;
        }
        this.remaining--;
        const runnable = ready.shift();
        if (this.observer === null) runnable.run();
        else this.observer.run(runnable);
        if (this.pausedFor !== null) {
          this.paused = true;
          this.pauseSerial++;
          this.observer?.asyncResumed();
          return;
        }
      }
      // A pass that was interrupted goes on in the next turn, without another poll.
      this.inPass = this.remaining > 0;
      if (this.inPass || this.stopping || (ready.size === 0 && !poller.hasSubmissions)) return;
    }
  }

  private beginPass(): void {
    const { poller, ready, timers } = this;
    poller.poll(ready.size > 0 || this.stopping ? -Infinity : timers.nextDeadlineMs());
    if (timers.size > 0) {
      const dueMs = poller.now() + poller.resolutionMs;
      while (timers.nextDeadlineMs() < dueMs) ready.push(timers.removeFirst());
    }
    this.remaining = ready.size;
    this.inPass = true;
  }

  // ---- async functions ----------------------------------------------------------------------------------------

  /**
   * A handle has resumed an async function, which only queued a microtask: the pass stops here and goes on when
   * `caughtUp(who)` is called, or else when the microtask queue has drained.
   */
  pauseFor(who: object): void {
    if (this.dispatching) this.pausedFor = who;
  }

  /** True while a pass waits for an async function to come to its next await. */
  get isPaused(): boolean {
    return this.paused;
  }

  /** True while the pass waits for `who`: its code runs in microtasks now. */
  isPausedFor(who: object): boolean {
    return this.paused && this.pausedFor === who;
  }

  /** `who` has come to its next await, or to its end: the pass goes on, one microtask later. */
  caughtUp(who: object): void {
    if (!this.paused || this.pausedFor !== who || this.resumeSerial === this.pauseSerial) return;
    this.resumeSerial = this.pauseSerial;
    this.observer?.asyncSuspended(who);
    microtask(this.resume);
  }

  private readonly turnAgain = (): void => this.turn();

  private readonly resume = (): void => {
    if (this.paused && this.resumeSerial === this.pauseSerial) rootContext.run(this.turnAgain);
  };

  // ---- the poller's side --------------------------------------------------------------------------------------

  private settle(ready = this.ready.size > 0 || this.inPass): void {
    if (!this.running) {
      this.onWorkWhileStopped?.();
      return;
    }
    if (!ready) this.ready.trim();
    const deadlineMs = this.timers.nextDeadlineMs();
    this.settledReady = ready;
    this.settledDeadlineMs = deadlineMs;
    this.poller.settle(ready, deadlineMs);
    this.tellReferenced();
  }

  private tellReferenced(): void {
    // Handles that are ready count as well: the last task's done callback, say, when a turn's time was up before it.
    const busy = this.references > 0 || this.settledReady;
    const referenced = busy && this.running && this.mayHold;
    if (referenced === this.toldReferenced || this.closed) return;
    this.toldReferenced = referenced;
    this.poller.setReferenced(referenced);
  }

  private checkOpen(): void {
    if (this.closed) throw new Error('Event loop is closed');
  }
}
