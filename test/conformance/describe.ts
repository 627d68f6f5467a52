import {
  BrokenBarrierError,
  CancelledError,
  ErrorGroup,
  InvalidStateError,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  TimeoutError,
} from 'coriolis';

/** An error that a program raises. */
export class UserError extends Error {
  constructor(readonly label: string) {
    super(label);
  }
}

const names = new Map<unknown, string>([
  [CancelledError, 'Cancelled'],
  [TimeoutError, 'Timeout'],
  [QueueEmpty, 'QueueEmpty'],
  [QueueFull, 'QueueFull'],
  [QueueShutDown, 'QueueShutDown'],
  [InvalidStateError, 'InvalidState'],
  [BrokenBarrierError, 'BrokenBarrier'],
  // The library's stand-ins for Python's built-in errors.
  [Error, 'RuntimeError'],
  [RangeError, 'ValueError'],
]);

/** The canonical, language-independent description of an error. */
export function describeError(error: unknown): unknown {
  if (error instanceof UserError) return error.label;
  if (error instanceof ErrorGroup) return ['group', ...error.errors.map(describeError)];
  const kind = (error as Error).constructor;
  return names.get(kind) ?? kind.name;
}

/** A value as it appears in a trace. */
export function plain(value: unknown): unknown {
  if (value instanceof Error) return describeError(value);
  if (Array.isArray(value)) return value.map(plain);
  return value === undefined ? null : value;
}

/** Whether a handler of this kind catches `error`. */
export function matches(kind: string, error: unknown): boolean {
  switch (kind) {
    case 'base':
      return true;
    case 'cancel':
      return error instanceof CancelledError;
    case 'any':
      return !(error instanceof CancelledError);
    case 'timeout':
      return error instanceof TimeoutError;
    case 'group':
      return error instanceof ErrorGroup;
    case 'E':
      return error instanceof UserError;
    default:
      return error instanceof UserError && kind === `E:${error.label}`;
  }
}
