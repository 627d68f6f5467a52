import type { Context } from './context.ts';
import type { Scheduler } from './scheduler.ts';

/** Something that waits in the ready queue. `run` never throws. */
export interface Runnable {
  run(): void;
  /** The loop was closed before this could run. */
  dropped?(): void;
  /** What to call it in a report. */
  describe?(): string;
}

/** @internal `before` is called inside a callback's own context, just before the callback. */
export const callbackHook: { before: (() => void) | null } = { before: null };

/** A callback that waits for its turn in the ready queue (asyncio: `Handle`). */
export class Handle {
  /** @internal */ readonly scheduler: Scheduler;
  /** @internal */ callback: ((...args: never[]) => unknown) | null;
  /** @internal */ args: readonly unknown[];
  private readonly context: Context | null;

  /** @internal `context` null: runs in whatever context the turn has. */
  constructor(
    scheduler: Scheduler,
    callback: (...args: never[]) => unknown,
    args: readonly unknown[],
    context: Context | null,
  ) {
    this.scheduler = scheduler;
    this.callback = callback;
    this.args = args;
    this.context = context;
  }

  /** The callback will not run. */
  cancel(): void {
    this.callback = null;
    this.args = [];
  }

  /** True once the callback was cancelled. */
  cancelled(): boolean {
    return this.callback === null;
  }

  /** The context the callback runs in (asyncio: `get_context`). */
  getContext(): Context | null {
    return this.context;
  }

  /** @internal */
  describe(): string {
    return `callback ${this.callback?.name || '(anonymous)'}`;
  }

  /** @internal */
  run(): void {
    if (this.callback === null) return;
    if (this.context === null) call(this);
    else this.context.run(call, this);
  }
}

function call(handle: Handle): void {
  const { callback, scheduler } = handle;
  try {
    if (handle.getContext() !== null) callbackHook.before?.();
    (callback as (...args: readonly unknown[]) => unknown)(...handle.args);
  } catch (error) {
    scheduler.reportError({
      message: `Exception in callback ${callback?.name || '(anonymous)'}`,
      exception: error,
      handle,
    });
  }
}

/** A callback that waits for its time (asyncio: `TimerHandle`). */
export class TimerHandle extends Handle {
  private readonly deadlineMs: number;
  /** In the heap still; a fired or removed timer no longer counts there. */
  private scheduled = true;
  private referenced = true;

  /** @internal */
  constructor(
    scheduler: Scheduler,
    deadlineMs: number,
    callback: (...args: never[]) => unknown,
    args: readonly unknown[],
    context: Context | null,
  ) {
    super(scheduler, callback, args, context);
    this.deadlineMs = deadlineMs;
    scheduler.retain();
  }

  /** The loop time (ms) at which it is due. */
  when(): number {
    return this.deadlineMs;
  }

  override cancel(): void {
    if (this.callback === null) return;
    super.cancel();
    if (this.scheduled) {
      this.leaveHeap();
      this.scheduler.timerCancelled();
    }
  }

  /** Lets the process end while this timer is pending. */
  unref(): this {
    if (this.scheduled && this.referenced) this.scheduler.release();
    this.referenced = false;
    return this;
  }

  /** Keeps the process alive while this timer is pending: the default. */
  ref(): this {
    if (this.scheduled && !this.referenced) this.scheduler.retain();
    this.referenced = true;
    return this;
  }

  /** @internal */
  isCancelled(): boolean {
    return this.callback === null;
  }

  /** @internal */
  override run(): void {
    if (this.scheduled) this.leaveHeap();
    super.run();
  }

  private leaveHeap(): void {
    this.scheduled = false;
    if (this.referenced) this.scheduler.release();
  }
}
