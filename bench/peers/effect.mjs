// The rows on Effect 4.
import { Deferred, Effect, Fiber, Queue } from 'effect';
import { cancelBatch, farAwayMs, groupSize, switchingTasks } from '../tasks/rows.mjs';

// Effect.sleep(0) is this plus a look at the clock.
const pause = Effect.yieldNow;
const sleeper = Effect.sleep(farAwayMs);

/** @param {Effect.Effect<unknown>} body */
function timed(body) {
  return Effect.runPromise(
    Effect.gen(function* () {
      const began = performance.now();
      yield* body;
      return performance.now() - began;
    }),
  );
}

/**
 * @param {number} count
 * @param {Effect.Effect<unknown>} sleeper what each fiber runs
 */
function cancelMany(count, sleeper) {
  return Effect.runPromise(
    Effect.gen(function* () {
      let elapsedMs = 0;
      for (let done = 0; done < count; done += cancelBatch) {
        const fibers = [];
        for (let index = 0; index < cancelBatch; ++index) fibers.push(yield* Effect.forkChild(sleeper));
        yield* pause;
        const began = performance.now();
        yield* Fiber.interruptAll(fibers);
        elapsedMs += performance.now() - began;
      }
      return elapsedMs;
    }),
  );
}

/** @param {number} count */
const switches = (count) =>
  Effect.gen(function* () {
    for (let index = 0; index < count; ++index) yield* pause;
  });

/**
 * @param {number} depth
 * @returns {Effect.Effect<void>}
 */
const nest = (depth) =>
  Effect.scoped(
    Effect.gen(function* () {
      const child = yield* Effect.forkScoped(pause);
      if (depth > 1) yield* nest(depth - 1);
      // The end of the scope would interrupt the child, not wait for it.
      yield* Fiber.join(child);
    }),
  );

/** @type {Record<string, (count: number) => Promise<number>>} */
export const implementations = {
  switch: (count) => timed(switches(count)),

  'switch-1000': (count) =>
    timed(
      Effect.gen(function* () {
        const fibers = [];
        for (let index = 0; index < switchingTasks; ++index) {
          fibers.push(yield* Effect.forkChild(switches(count / switchingTasks)));
        }
        for (const fiber of fibers) yield* Fiber.join(fiber);
      }),
    ),

  future: (count) =>
    timed(
      Effect.gen(function* () {
        let ping = yield* Deferred.make();
        let pong = yield* Deferred.make();
        const answering = yield* Effect.forkChild(
          Effect.gen(function* () {
            for (let index = 0; index < count / 2; ++index) {
              yield* Deferred.await(ping);
              ping = yield* Deferred.make();
              yield* Deferred.succeed(pong, index);
            }
          }),
        );
        for (let index = 0; index < count / 2; ++index) {
          pong = yield* Deferred.make();
          yield* Deferred.succeed(ping, index);
          yield* Deferred.await(pong);
        }
        yield* Fiber.join(answering);
      }),
    ),

  queue: (count) =>
    timed(
      Effect.gen(function* () {
        const there = yield* Queue.unbounded();
        const back = yield* Queue.unbounded();
        const answering = yield* Effect.forkChild(
          Effect.gen(function* () {
            for (let index = 0; index < count / 2; ++index)
              yield* Queue.offer(back, yield* Queue.take(there));
          }),
        );
        for (let index = 0; index < count / 2; ++index) {
          yield* Queue.offer(there, index);
          yield* Queue.take(back);
        }
        yield* Fiber.join(answering);
      }),
    ),

  spawn: (count) =>
    timed(
      Effect.gen(function* () {
        for (let index = 0; index < count; ++index) {
          yield* Fiber.join(yield* Effect.forkChild(Effect.sync(() => index)));
        }
      }),
    ),

  group: (count) =>
    timed(
      Effect.gen(function* () {
        const children = Array.from({ length: groupSize }, () => pause);
        for (let done = 0; done < count; done += groupSize) {
          yield* Effect.all(children, { concurrency: 'unbounded', discard: true });
        }
      }),
    ),

  nested: (count) =>
    timed(
      Effect.gen(function* () {
        for (let done = 0; done < count; done += groupSize) yield* nest(groupSize);
      }),
    ),

  timeout: (count) =>
    timed(
      Effect.gen(function* () {
        for (let index = 0; index < count; ++index) yield* Effect.timeout(pause, farAwayMs);
      }),
    ),

  cancel: (count) => cancelMany(count, sleeper),

  'cancel-generators': (count) =>
    cancelMany(
      count,
      Effect.gen(function* () {
        yield* sleeper;
      }),
    ),
};

/**
 * @param {number} count
 * @param {() => void} measure called when all sleep
 */
export function startSleepers(count, measure) {
  return Effect.runPromise(
    Effect.gen(function* () {
      for (let index = 0; index < count; ++index) {
        yield* Effect.forkChild(
          Effect.gen(function* () {
            yield* sleeper;
          }),
        );
      }
      yield* pause;
      yield* pause;
      measure();
    }),
  );
}
