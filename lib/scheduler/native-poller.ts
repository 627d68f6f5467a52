import type { Core } from '../native/addon.ts';
import { Arena } from '../native/arena.ts';
import { layout, opcode } from '../native/layout.ts';
import { addon } from '../native/load.ts';
import { ReceivePool } from '../native/receive-pool.ts';
import { rootContext } from './context.ts';
import { microtask } from './microtask.ts';
import { monotonicMs } from './monotonic.ts';
import { exchangeBytes, ignored, type OperationHandler, Operations } from './operations.ts';
import type { Poller } from './poller.ts';

/** A clock other than the system's, such as `VirtualClock`. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  readonly resolutionMs: number;
  /** Called in place of waiting: nothing is ready, and the next timer is due in `timeoutMs` (Infinity: none). */
  sleep(timeoutMs: number): void;
  /** Wants to be told with `sleep(Infinity)` that tasks wait although nothing can happen any more. */
  readonly noticesIdleness?: boolean;
}

/** While only tasks keep the loop busy, the kernel is asked in every eighth pass. Used as a mask. */
const passesPerCrossing = 7;

/** What a native poller tells its scheduler. */
export interface PollerClient {
  /** There may be work. */
  turn(): void;
  /** Something begins (true) or ceases (false) to keep the process alive. */
  retain(): void;
  release(): void;
  /** Something keeps the process alive: unfinished tasks, timers, operations. */
  readonly hasReferences: boolean;
  /** How many things outside the loop are waited for. */
  readonly externals: number;
  /** False: turns do nothing. */
  readonly isRunning: boolean;
}

/** A poller that is a guest in Node's event loop: the core wakes it, and it never blocks. */
export class NativePoller implements Poller {
  readonly resolutionMs: number;
  readonly operations: Operations;
  readonly pool: ReceivePool;
  readonly arena = new Arena();
  readonly core: Core;
  /** Descriptors that the loop opened itself and that are closed with it. */
  readonly descriptors = new Set<number>();
  private readonly words: Int32Array;
  private readonly deadline: Float64Array;
  private client: PollerClient | null = null;
  private passesSinceCrossing = 0;
  private closed = false;

  constructor(
    /** 'io_uring', 'epoll', ... */
    readonly backend: string,
    private readonly clock?: Clock,
  ) {
    const exchange = new ArrayBuffer(exchangeBytes);
    this.words = new Int32Array(exchange);
    this.deadline = new Float64Array(exchange, layout.deadline * 4, 1);
    this.deadline[0] = Infinity;
    this.resolutionMs = clock?.resolutionMs ?? 0.001;
    const dispatch = dispatcher(new WeakRef(this));
    // The core calls back in the context in which it was made; whoever makes the loop must not leave his there.
    this.core = rootContext.run(
      () =>
        new addon.Core({
          backend,
          exchange,
          arena: this.arena.memory,
          now: monotonicMs,
          dispatch,
        }),
    );
    this.operations = new Operations(this.words, this.core, (active) =>
      active ? this.client?.retain() : this.client?.release(),
    );
    this.pool = new ReceivePool(this.core, (buffer) => this.operations.returnBuffer(buffer));
  }

  /** The core has something to do. @internal */
  dispatch(): void {
    this.words[layout.paused] = 0;
    // What completes while nobody runs the loop is taken all the same: the core would go on offering it.
    if (this.client?.isRunning === false) this.operations.dispatch();
    else microtask(this.turn);
  }

  /** V8 makes a message for every error that is thrown, caught or not, but in microtasks: there a throw costs a third. */
  private readonly turn = (): void => this.client?.turn();

  /** Says whom to wake. To be called once, before anything else. */
  attach(client: PollerClient): void {
    this.client = client;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  now(): number {
    return this.clock === undefined ? monotonicMs() : this.clock.now();
  }

  get hasSubmissions(): boolean {
    return this.operations.hasSubmissions;
  }

  poll(untilMs: number): void {
    const { words, clock, operations } = this;
    if (this.shouldCross(untilMs)) this.core.poll();
    if (words[layout.completionHead] !== words[layout.completionTail]) operations.dispatch();
    operations.refill();
    if (clock === undefined || operations.inFlight > 0) return;
    const timeoutMs = untilMs - clock.now();
    if (timeoutMs > 0) clock.sleep(timeoutMs);
  }

  /**
   * Whether this poll is worth a crossing. While handles are ready and nothing was submitted, the kernel is only asked
   * every few passes: a crossing costs more than many a pass.
   */
  private shouldCross(untilMs: number): boolean {
    const { words } = this;
    if (words[layout.completionHead] !== words[layout.completionTail]) return false;
    if (this.hasSubmissions) return true;
    if (this.operations.inFlight === 0) return false;
    if (untilMs > -Infinity) return true;
    this.passesSinceCrossing = (this.passesSinceCrossing + 1) & passesPerCrossing;
    return this.passesSinceCrossing === 0;
  }

  settle(ready: boolean, deadlineMs: number): void {
    this.words[layout.paused] = 0;
    if (this.clock === undefined) {
      this.words[layout.ready] = ready ? 1 : 0;
      this.deadline[0] = deadlineMs;
    } else {
      // The core can't wait on a foreign clock: a turn with nothing ready lets the clock jump to the deadline.
      this.words[layout.ready] = ready || this.mayJump(deadlineMs) ? 1 : 0;
    }
  }

  /** Nothing is ready: the clock may jump to the deadline, or be told that there is none and never will be. */
  private mayJump(deadlineMs: number): boolean {
    const { client, clock, operations } = this;
    if (operations.inFlight > 0 || client === null || client.externals > 0) return false;
    return deadlineMs < Infinity || (clock!.noticesIdleness === true && client.hasReferences);
  }

  pause(): void {
    this.words[layout.paused] = 1;
  }

  /**
   * Closes one of `descriptors`, after cancelling whatever is in flight on it. Nothing more may be started on it, and
   * its number may be somebody else's as soon as the operation has begun.
   */
  closeDescriptor(fd: number, handler: OperationHandler = ignored): void {
    this.descriptors.delete(fd);
    this.operations.start(opcode.close, handler, fd);
  }

  setReferenced(referenced: boolean): void {
    if (!this.closed) this.core.setReferenced(referenced);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const fd of this.descriptors) this.closeDescriptor(fd);
    this.core.close();
  }
}

/**
 * What the core calls. The core holds it for good, so it must not hold the poller: then a loop that was dropped without
 * `close()` goes, and its core with it. A loop that runs is held by the list of those.
 */
function dispatcher(poller: WeakRef<NativePoller>): () => void {
  return () => poller.deref()?.dispatch();
}
