import { argumentType } from '../arguments.ts';

/**
 * A task or a future was cancelled. Nothing in this library swallows it; code that catches it to clean up should
 * throw it on (asyncio: `CancelledError`).
 */
export class CancelledError extends Error {
  declare readonly name: 'CancelledError';
  declare readonly code: 'ERR_CANCELLED';

  // On the prototype: a group that cancels thousands of tasks makes thousands of these.
  static {
    Object.defineProperty(CancelledError.prototype, 'name', {
      value: 'CancelledError',
      configurable: true,
      writable: true,
    });
    Object.defineProperty(CancelledError.prototype, 'code', {
      value: 'ERR_CANCELLED',
      configurable: true,
      writable: true,
    });
  }

  constructor(message = '') {
    super(message);
  }
}

/** A deadline has passed: thrown by `timeout`, `waitFor`, `failAfter` and `asCompleted`. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
  readonly code = 'ETIMEDOUT';
}

/** A future is asked for what it does not have yet, or told what it knows already. */
export class InvalidStateError extends Error {
  override readonly name = 'InvalidStateError';
  readonly code = 'ERR_INVALID_STATE';
}

/** `getNowait` on an empty queue. */
export class QueueEmpty extends Error {
  override readonly name = 'QueueEmpty';
  readonly code = 'ERR_QUEUE_EMPTY';
}

/** `putNowait` on a full queue. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
  readonly code = 'ERR_QUEUE_FULL';
}

/** `put` on a queue that was shut down, or `get` on one that is also empty. */
export class QueueShutDown extends Error {
  override readonly name = 'QueueShutDown';
  readonly code = 'ERR_QUEUE_SHUT_DOWN';
}

/** A barrier that somebody waits at was aborted or reset. */
export class BrokenBarrierError extends Error {
  override readonly name = 'BrokenBarrierError';
  readonly code = 'ERR_BROKEN_BARRIER';
}

/** A stream ended before the bytes that were asked for had come. */
export class IncompleteReadError extends Error {
  override readonly name = 'IncompleteReadError';
  readonly code = 'ERR_INCOMPLETE_READ';

  constructor(
    /** What had come. */
    readonly partial: Uint8Array,
    /** How many bytes were wanted; null: up to a separator. */
    readonly expected: number | null,
  ) {
    super(`${partial.length} bytes read, then the stream ended; expected ${expected ?? 'a separator'}`);
  }
}

/** A separator was not found within a stream's limit. */
export class LimitOverrunError extends Error {
  override readonly name = 'LimitOverrunError';
  readonly code = 'ERR_LIMIT_OVERRUN';

  constructor(
    message: string,
    /** Bytes in the buffer that certainly do not contain the separator. */
    readonly consumed: number,
  ) {
    super(message);
  }
}

/** Several errors at once, from a task group (Python: `ExceptionGroup`). */
export class ErrorGroup extends AggregateError {
  override readonly name = 'ErrorGroup';

  constructor(message: string, errors: Iterable<unknown>) {
    super(errors, message);
  }
}

/**
 * The CancelledError that `error` is, or that ended what it comes from: Node's own functions throw an AbortError for
 * the reason of the signal that they were given.
 */
export function cancellationIn(error: unknown): CancelledError | null {
  if (error instanceof CancelledError) return error;
  if (!(error instanceof Error) || error.name !== 'AbortError') return null;
  return error.cause instanceof CancelledError ? error.cause : null;
}

/** What a cancellation is requested with: a message, or the error itself, for those who cancel many at once. */
export type CancelReason = CancelledError | string | undefined;

/** @throws TypeError naming the argument, unless it is a message, or an error of ours. */
export function checkReason(reason: unknown): void {
  if (typeof reason !== 'string' && !(reason instanceof CancelledError))
    throw argumentType('message', 'string', reason);
}

/** A CancelledError without a stack: it would only show the loop, and taking it costs more than the cancellation. */
export function cancelledError(reason: CancelReason): CancelledError {
  if (reason instanceof CancelledError) return reason;
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new CancelledError(reason);
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}
