import type { Coroutine } from 'coriolis';
import { runVirtual, VirtualClock } from 'coriolis/testing';

/** A test whose body runs on a virtual clock; `clock` tells the time. */
export function virtually(body: (clock: VirtualClock) => Coroutine<void>): () => Promise<void> {
  const clock = new VirtualClock();
  return () => runVirtual(() => body(clock), { clock });
}

/** The same with an async function. */
export function virtuallyAsync(body: (clock: VirtualClock) => Promise<void>): () => Promise<void> {
  const clock = new VirtualClock();
  return () => runVirtual(() => body(clock), { clock });
}

/** The error that waiting for `operation` throws. */
export function* errorOf(operation: { [Symbol.iterator](): unknown }): Coroutine<unknown> {
  try {
    yield* operation as Coroutine<unknown>;
  } catch (error) {
    return error;
  }
  throw new Error('expected an error');
}
