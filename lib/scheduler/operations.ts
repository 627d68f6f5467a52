import type { Core } from '../native/addon.ts';
import { flag, layout, opcode } from '../native/layout.ts';

const {
  submissionHead,
  submissionTail,
  completionHead,
  completionTail,
  headerWords,
  submissionCapacity,
  submissionWords,
  completionCapacity,
  completionWords,
} = layout;
const submissions = headerWords;
const completions = submissions + submissionCapacity * submissionWords;

/** Size of the exchange in bytes. */
export const exchangeBytes = (completions + completionCapacity * completionWords) * 4;

/** The words of a submission, in their order. */
type Submission = [number, number, number, number, number, number, number, number];

/** Whoever started an operation. */
export interface OperationHandler {
  /**
   * The operation has a result: >= 0, or a negative errno. With `flag.more` further completions follow; without it
   * this was the last one and the slot is free already.
   */
  complete(result: number, flags: number): void;
}

/**
 * The operations in flight. A slot is held from `start` to the operation's last completion; the generation that
 * travels with it makes sure that nothing arriving later can reach the slot's next user.
 */
export class Operations {
  private readonly handlers: (OperationHandler | null)[] = [];
  private generations = new Int32Array(256);
  private readonly free: number[] = [];
  private active = 0;
  /** Submissions that found the ring full and the core unable to take more. */
  private overflow: Submission[] = [];

  constructor(
    private readonly words: Int32Array,
    private readonly core: Core,
    /** Told when the number of operations leaves or reaches zero. */
    private readonly onActive: (active: boolean) => void,
  ) {}

  /** Operations whose last completion has not arrived. */
  get inFlight(): number {
    return this.active;
  }

  /** Appends an operation to the submission ring; returns its slot, which `cancel` takes while it is in flight. */
  start(
    operation: number,
    handler: OperationHandler,
    fd: number,
    region = 0,
    offset = 0,
    length = 0,
    argumentLow = 0,
    argumentHigh = 0,
  ): number {
    let slot = this.free.pop();
    if (slot === undefined) {
      slot = this.handlers.length;
      this.handlers.push(null);
      if (slot === this.generations.length) this.growGenerations();
    }
    this.handlers[slot] = handler;
    if (this.active++ === 0) this.onActive(true);
    const generation = this.generations[slot]!;
    this.write(operation | (region << 16), slot, generation, fd, offset, length, argumentLow, argumentHigh);
    return slot;
  }

  /** Cancels the operation in `slot`, which must be in flight: its last completion will come with ECANCELED, or with the result that was faster. */
  cancel(slot: number): void {
    this.start(opcode.cancel, ignored, -1, 0, 0, 0, slot, this.generations[slot]!);
  }

  /** Gives a receive buffer back to the core. */
  returnBuffer(buffer: number): void {
    this.write(opcode.returnBuffer, 0, 0, -1, 0, 0, buffer, 0);
  }

  /** Runs the handlers of what has completed. */
  dispatch(): void {
    const { words } = this;
    let head = words[completionHead]!;
    while (head !== words[completionTail]!) {
      const at = completions + (head & (completionCapacity - 1)) * completionWords;
      const slot = words[at]!;
      const generation = words[at + 1]!;
      const result = words[at + 2]!;
      const flags = words[at + 3]!;
      head = (head + 1) | 0;
      words[completionHead] = head;
      const handler = this.handlers[slot];
      if (handler == null || this.generations[slot] !== generation) continue;
      if ((flags & flag.more) === 0) {
        this.handlers[slot] = null;
        this.generations[slot] = (generation + 1) & 0x3fffffff;
        this.free.push(slot);
        if (--this.active === 0) this.onActive(false);
      }
      handler.complete(result, flags);
    }
  }

  private write(
    head: number,
    slot: number,
    generation: number,
    fd: number,
    offset: number,
    length: number,
    argumentLow: number,
    argumentHigh: number,
  ): void {
    if (this.ringIsFull) this.core.poll();
    // The core takes nothing more before its completions are read, which may not happen in the middle of a handler.
    if (this.overflow.length > 0 || this.ringIsFull) {
      this.overflow.push([head, slot, generation, fd, offset, length, argumentLow, argumentHigh]);
      return;
    }
    const { words } = this;
    const tail = words[submissionTail]!;
    const at = submissions + (tail & (submissionCapacity - 1)) * submissionWords;
    words[at] = head;
    words[at + 1] = slot;
    words[at + 2] = generation;
    words[at + 3] = fd;
    words[at + 4] = offset;
    words[at + 5] = length;
    words[at + 6] = argumentLow;
    words[at + 7] = argumentHigh;
    words[submissionTail] = (tail + 1) | 0;
  }

  private get ringIsFull(): boolean {
    const { words } = this;
    return ((words[submissionTail]! - words[submissionHead]!) | 0) === submissionCapacity;
  }

  /** Operations wait for the core. */
  get hasSubmissions(): boolean {
    return this.words[submissionTail] !== this.words[submissionHead] || this.overflow.length > 0;
  }

  /** Moves what did not fit into the ring, as far as there is room now. */
  refill(): void {
    const waiting = this.overflow;
    if (waiting.length === 0) return;
    this.overflow = [];
    for (const submission of waiting) this.write(...submission);
  }

  private growGenerations(): void {
    const larger = new Int32Array(this.generations.length * 2);
    larger.set(this.generations);
    this.generations = larger;
  }
}

/** For operations whose outcome nobody needs. */
export const ignored: OperationHandler = { complete() {} };
