import {
  BoundedSemaphore,
  CancelledError,
  Condition,
  createTask,
  Lock,
  openMemoryChannel,
  PriorityQueue,
  Queue,
  Semaphore,
  sleep,
  type Task,
} from 'coriolis';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flavours, runVirtual, type Script } from './virtual.ts';

/** A task's delays: before what it does, and while it has what it got. 0 is one pass, null none at all. */
const delay = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 3 }));
const worker = fc.record({ before: fc.array(delay, { maxLength: 3 }), holding: delay });
const workers = fc.array(worker, { minLength: 1, maxLength: 8 });
/** Which task is cancelled when, counted in passes: fine enough to hit it between wake-up and step. */
const cancellations = fc.array(fc.tuple(fc.nat(12), fc.nat(7)), { maxLength: 6 });

type Delay = number | null;
type Worker = { before: Delay[]; holding: Delay };

function* pause(delays: readonly Delay[]): Script<void> {
  for (const ms of delays) if (ms !== null) yield sleep(ms);
}

/** Cancels tasks as planned, pass by pass, and then gives everybody the time to come to rest. */
function* cancelAsPlanned(
  tasks: Task<unknown>[],
  plan: readonly (readonly [number, number])[],
): Script<void> {
  for (let pass = 0; pass <= 12; pass += 1) {
    for (const [when, which] of plan) if (when === pass) tasks[which % tasks.length]!.cancel();
    yield sleep(pass % 4 === 3 ? 1 : 0);
  }
  yield sleep(100);
}

/** A task may end by cancellation, but not by another error. */
function* endAll(tasks: readonly Task<unknown>[]): Script<void> {
  for (const task of tasks) {
    task.cancel();
    try {
      yield task;
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
    }
  }
}

/** The members of both, in turn, so that cancellations by number reach both kinds. */
function mix(a: readonly Task<unknown>[], b: readonly Task<unknown>[]): Task<unknown>[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => [
    ...a.slice(i, i + 1),
    ...b.slice(i, i + 1),
  ]).flat();
}

const runs = { numRuns: 150 };

describe.each(flavours)('under random interleavings and cancellations, in %s tasks', (_name, flavour) => {
  test.each([
    ['lock', 1, () => new Lock()],
    ['condition', 1, () => new Condition()],
    ['semaphore', 2, () => new Semaphore(2)],
    ['bounded semaphore', 1, () => new BoundedSemaphore(1)],
  ] as const)('a %s lets %d in, in the order of asking', async (_kind, limit, make) => {
    await fc.assert(
      fc.asyncProperty(workers, cancellations, async (plans, plan) => {
        const primitive = make();
        const asked: number[] = [];
        const entered: number[] = [];
        let inside = 0;
        await runVirtual(
          flavour(function* () {
            const tasks = plans.map((steps: Worker, id) =>
              createTask(
                flavour(function* () {
                  yield* pause(steps.before);
                  asked.push(id);
                  using _ = yield primitive.acquire();
                  entered.push(id);
                  inside += 1;
                  expect(inside).toBeLessThanOrEqual(limit);
                  try {
                    yield* pause([steps.holding]);
                  } finally {
                    inside -= 1;
                  }
                }),
              ),
            );
            yield* cancelAsPlanned(tasks, plan);
            expect(tasks.every((task) => task.done())).toBe(true);
            yield* endAll(tasks);
            // Nothing was lost: all that there is can be had at once.
            for (let i = 0; i < limit; i += 1) {
              expect(primitive.locked()).toBe(false);
              yield primitive.acquire();
            }
            expect(primitive.locked()).toBe(true);
          }),
        );
        expect(entered).toEqual(asked.filter((id) => entered.includes(id)));
      }),
      runs,
    );
  });

  test('a condition never sleeps on a notification: while items are left, nobody waits', async () => {
    await fc.assert(
      fc.asyncProperty(
        workers,
        fc.array(delay, { maxLength: 8 }),
        cancellations,
        async (plans, puts, plan) => {
          const condition = new Condition();
          let items = 0;
          let taken = 0;
          await runVirtual(
            flavour(function* () {
              const consumers = plans.map((steps: Worker) =>
                createTask(
                  flavour(function* () {
                    yield* pause(steps.before);
                    using _ = yield condition.acquire();
                    yield condition.waitFor(() => items > 0);
                    items -= 1;
                    taken += 1;
                  }),
                ),
              );
              const producer = createTask(
                flavour(function* () {
                  for (const ms of puts) {
                    yield* pause([ms]);
                    using _ = yield condition.acquire();
                    items += 1;
                    condition.notify();
                  }
                }),
              );
              yield* cancelAsPlanned(consumers, plan);
              yield producer;
              const waiting = consumers.filter((consumer) => !consumer.done());
              if (waiting.length > 0) expect(items).toBe(0);
              expect(items + taken).toBe(puts.length);
              yield* endAll(consumers);
            }),
          );
          expect(condition.locked()).toBe(false);
        },
      ),
      runs,
    );
  });

  test.each([
    ['queue', (maxsize: number) => new Queue<number>(maxsize), true],
    ['priority queue', (maxsize: number) => new PriorityQueue<number>(maxsize), false],
  ] as const)('a %s neither loses nor doubles an item', async (_kind, make, inOrder) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 2 }),
        workers,
        workers,
        cancellations,
        async (size, puts, gets, plan) => {
          const queue = make(size);
          const put: number[] = [];
          const got: number[] = [];
          await runVirtual(
            flavour(function* () {
              const putters = puts.map((steps: Worker, id) =>
                createTask(
                  flavour(function* () {
                    yield* pause(steps.before);
                    yield queue.put(id);
                    put.push(id);
                    yield* pause([steps.holding]);
                  }),
                ),
              );
              const getters = gets.map((steps: Worker) =>
                createTask(
                  flavour(function* () {
                    yield* pause(steps.before);
                    got.push(yield queue.get());
                    queue.taskDone();
                    yield* pause([steps.holding]);
                  }),
                ),
              );
              const tasks = mix(putters, getters);
              yield* cancelAsPlanned(tasks, plan);
              // Nobody waits for what is there: neither a getter for an item, nor a putter for a place.
              if (getters.some((getter) => !getter.done())) expect(queue.empty()).toBe(true);
              if (putters.some((putter) => !putter.done())) expect(queue.full()).toBe(true);
              // What the getters left is drained, which lets in the putters that wait.
              while (putters.some((putter) => !putter.done()) || !queue.empty()) {
                got.push(queue.getNowait());
                queue.taskDone();
                yield sleep(3);
              }
              yield queue.join();
              yield* endAll(tasks);
            }),
          );
          if (inOrder) expect(got).toEqual(put);
          else expect([...got].sort()).toEqual([...put].sort());
        },
      ),
      runs,
    );
  });

  test('a memory channel delivers every value that was sent, once', async () => {
    const size = fc.constantFrom(0, 1, 2, Infinity);
    await fc.assert(
      fc.asyncProperty(
        size,
        workers,
        workers,
        cancellations,
        async (maxBufferSize, sends, receives, plan) => {
          const [send, receive] = openMemoryChannel<number>(maxBufferSize);
          // A single receiver takes all and sees them in order. Of several, one that finds a value there overtakes one that
          // was handed the value before and hasn't run.
          const alone = receives.length === 1;
          const asked: number[] = [];
          const sent: number[] = [];
          const received: number[] = [];
          await runVirtual(
            flavour(function* () {
              const senders = sends.map((steps: Worker, id) => {
                const end = send.clone();
                return createTask(
                  flavour(function* () {
                    using _ = end;
                    yield* pause(steps.before);
                    asked.push(id);
                    yield end.send(id);
                    sent.push(id);
                    yield* pause([steps.holding]);
                  }),
                );
              });
              const receivers = receives.map((steps: Worker) =>
                createTask(
                  flavour(function* () {
                    yield* pause(steps.before);
                    received.push(yield receive.receive());
                    yield* pause([steps.holding]);
                  }),
                ),
              );
              const tasks = mix(senders, receivers);
              yield* cancelAsPlanned(tasks, plan);
              const { tasksWaitingReceive, tasksWaitingSend, currentBufferUsed } = receive.statistics();
              if (tasksWaitingReceive > 0) expect([tasksWaitingSend, currentBufferUsed]).toEqual([0, 0]);
              if (tasksWaitingSend > 0) expect(currentBufferUsed).toBe(maxBufferSize);
              for (let left = tasksWaitingSend + currentBufferUsed; left > 0; left -= 1) {
                received.push(receive.receiveNowait());
              }
              yield sleep(10);
              yield* endAll(tasks);
            }),
          );
          expect([...received].sort()).toEqual([...sent].sort());
          if (alone) expect(received).toEqual(asked.filter((id) => received.includes(id)));
        },
      ),
      runs,
    );
  });
});
