import type { Awaitable, Coroutine } from '../../lib/tasks/awaitable.ts';
import { requireScheduler } from '../../lib/tasks/ensure.ts';
import type { VirtualPoller } from '../../lib/testing/virtual-poller.ts';

export { runVirtual } from '../../lib/testing/run-virtual.ts';

/** The number of the running pass: what is compared when a test says "in the same pass". */
export function currentPass(): number {
  return (requireScheduler().poller as VirtualPoller).passes;
}

/**
 * A coroutine written once for both flavours: it yields awaitables and is sent what they give. `any` is what `yield`
 * is worth to the compiler: the types of what is sent in can differ from one `yield` to the next.
 */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Script<T = unknown> = Generator<Awaitable<unknown>, T, any>;
export type Body<T = unknown> = () => Coroutine<T> | Promise<T>;

/** `yield*` for everything the script yields. */
export function asGenerator<T>(script: () => Script<T>): () => Coroutine<T> {
  return function* () {
    const run = script();
    let step = run.next();
    while (step.done !== true) {
      let value: unknown;
      try {
        value = yield* step.value;
      } catch (error) {
        step = run.throw(error);
        continue;
      }
      step = run.next(value);
    }
    return step.value;
  };
}

/** `await` for everything the script yields. */
export function asAsync<T>(script: () => Script<T>): () => Promise<T> {
  return async () => {
    const run = script();
    let step = run.next();
    while (step.done !== true) {
      let value: unknown;
      try {
        value = await step.value;
      } catch (error) {
        step = run.throw(error);
        continue;
      }
      step = run.next(value);
    }
    return step.value;
  };
}

export type Flavour = <T>(script: () => Script<T>) => Body<T>;
export const flavours: readonly [name: string, flavour: Flavour][] = [
  ['generator', asGenerator],
  ['async', asAsync],
];
