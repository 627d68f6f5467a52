import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type AnyAwaitable,
  CancelledError,
  CancelScope,
  createTask,
  currentTask,
  failAfter,
  getRunningLoop,
  moveOnAfter,
  run,
  sleep,
  TimeoutError,
  taskGroup,
  timeout,
  waitFor,
} from 'coriolis';
import { runVirtual, VirtualClock } from 'coriolis/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { currentDriver } from '../../lib/tasks/current-task.ts';
import { virtuallyAsync } from './support.ts';

/** How something that is awaited ends, and when. */
async function ending(clock: VirtualClock, awaitable: AnyAwaitable<unknown>): Promise<unknown[]> {
  try {
    return [await (awaitable as PromiseLike<unknown>), clock.now()];
  } catch (error) {
    return [(error as Error).name, clock.now()];
  }
}

describe('parts of one async task that run side by side', () => {
  it(
    'have deadlines of their own',
    virtuallyAsync(async (clock) => {
      const endings = await Promise.all([
        ending(
          clock,
          timeout(10, () => sleep(100)),
        ),
        ending(
          clock,
          timeout(20, async () => await sleep(100)),
        ),
        ending(
          clock,
          timeout(200, async () => await sleep(50, 'in time')),
        ),
        ending(
          clock,
          moveOnAfter(30, async () => await sleep(100)),
        ),
        ending(
          clock,
          failAfter(40, () => sleep(100)),
        ),
        ending(clock, waitFor(sleep(100), 45)),
        ending(clock, sleep(60, 'alone')),
      ]);
      expect(endings).toEqual([
        ['TimeoutError', 10],
        ['TimeoutError', 20],
        ['in time', 50],
        [undefined, 30],
        ['TimeoutError', 40],
        ['TimeoutError', 45],
        ['alone', 60],
      ]);
      expect(currentTask()!.cancelling()).toBe(0);
    }),
  );

  it(
    'have deadlines of their own that pass in the same pass',
    virtuallyAsync(async (clock) => {
      const part = () =>
        ending(
          clock,
          timeout(10, async () => await timeout(10, () => sleep(20))),
        );
      expect(await Promise.all([part(), part(), part()])).toEqual(
        Array.from({ length: 3 }, () => ['TimeoutError', 10]),
      );
    }),
  );

  it(
    'have groups of their own: one that fails ends nothing but itself',
    virtuallyAsync(async (clock) => {
      const failing = taskGroup(async (group) => {
        group.createTask(async () => {
          await sleep(5);
          throw new Error('mine');
        });
        await sleep(100);
      });
      const cancelled = taskGroup(async (group) => {
        await sleep(7);
        group.cancel();
        await sleep(100);
      });
      const good = taskGroup(async (group) => await group.createTask(() => sleep(20, 'good')));
      expect(
        await Promise.all([ending(clock, failing), ending(clock, cancelled), ending(clock, good)]),
      ).toEqual([
        ['ErrorGroup', 5],
        [undefined, 7],
        ['good', 20],
      ]);
    }),
  );

  it(
    'are all cancelled with the task, each once, and may all clean up',
    virtuallyAsync(async (clock) => {
      const seen: [string, number, number][] = [];
      const part = async (name: string, limitMs: number) => {
        try {
          await timeout(limitMs, async () => await sleep(100));
        } catch (error) {
          seen.push([`${name} ${(error as Error).name}`, currentTask()!.cancelling(), clock.now()]);
          await sleep(2);
        }
        return name;
      };
      const task = createTask(async () => await Promise.all([part('a', 5), part('b', 50), part('c', 60)]));
      await sleep(10);
      expect(task.awaiting).toHaveLength(2);
      task.cancel();
      expect(task.cancelling()).toBe(1);
      expect(await task).toEqual(['a', 'b', 'c']);
      expect(seen).toEqual([
        ['a TimeoutError', 0, 5],
        ['b CancelledError', 1, 10],
        ['c CancelledError', 1, 10],
      ]);
    }),
  );

  it(
    'tell a deadline of their own from a cancellation of the task that comes first',
    virtuallyAsync(async (clock) => {
      const task = createTask(
        async () =>
          await ending(
            clock,
            timeout(10, async () => {
              try {
                await sleep(100);
              } finally {
                await sleep(20);
              }
            }),
          ),
      );
      await sleep(5);
      task.cancel();
      // The deadline passed during the cleaning up; the task was asked to end before.
      expect(await task).toEqual(['CancelledError', 10]);
    }),
  );

  it(
    'hear of a deadline through the signal they have asked for inside',
    virtuallyAsync(async (clock) => {
      const outside = currentTask()!.signal;
      let beside: AbortSignal | null = null;
      let inside: AbortSignal | null = null;
      await Promise.all([
        ending(
          clock,
          timeout(5, async () => {
            inside = currentTask()!.signal;
            await sleep(10);
          }),
        ),
        timeout(50, async () => {
          beside = currentTask()!.signal;
          await sleep(20);
        }),
      ]);
      expect([outside, inside!, beside!].map((signal) => signal.aborted)).toEqual([false, true, false]);
    }),
  );

  it(
    'belong to the scopes around them, except inside a shield',
    virtuallyAsync(async (clock) => {
      const scope = new CancelScope();
      const endings: unknown[] = [];
      const part = async (name: string, awaitable: AnyAwaitable<unknown>) => {
        endings.push([name, ...(await ending(clock, awaitable))]);
        endings.push([`${name} again`, ...(await ending(clock, sleep(1)))]);
      };
      const outcome = scope.run(async () => {
        await Promise.all([
          part('plain', sleep(100)),
          part(
            'nested',
            timeout(90, () => sleep(100)),
          ),
          part(
            'shielded',
            new CancelScope({ shield: true }).run(() => sleep(30, 'kept')),
          ),
          taskGroup((group) => {
            group.createTask(() => part('group', sleep(100)));
          }),
        ]);
        return 'survived';
      });
      createTask(async () => {
        await sleep(10);
        scope.cancel();
      });
      expect(await outcome).toBe('survived');
      expect(scope.cancelledCaught).toBe(false);
      const cancelled = ['plain', 'nested', 'group'].flatMap((name) => [
        [name, 'CancelledError', 10],
        [`${name} again`, 'CancelledError', 10],
      ]);
      expect(endings).toHaveLength(8);
      expect(endings).toEqual(
        expect.arrayContaining([
          ...cancelled,
          ['shielded', 'kept', 30],
          ['shielded again', 'CancelledError', 30],
        ]),
      );
    }),
  );

  it(
    'stay the task’s when they outlive the body that began them',
    virtuallyAsync(async (clock) => {
      const task = createTask(async () => {
        const left: Promise<unknown[]>[] = [];
        await timeout(10, async () => {
          left.push(ending(clock, sleep(100)));
          await sleep(5);
        });
        await sleep(15);
        expect(currentTask()!.awaiting).toHaveLength(1);
        left.push(ending(clock, sleep(100)));
        return await Promise.all(left);
      });
      await sleep(30);
      task.cancel();
      expect(await task).toEqual([
        ['CancelledError', 30],
        ['CancelledError', 30],
      ]);
    }),
  );

  it(
    'are reached by a cancellation that comes when some of them are about to go on',
    virtuallyAsync(async () => {
      const future = getRunningLoop().createFuture<void>();
      const outcomes = Promise.allSettled([
        sleep(400),
        (async () => {
          await future;
          await sleep(400);
        })(),
        (async () => {
          for (;;) await sleep(0);
        })(),
        timeout(1000, async () => {
          await new Promise((resolve) => setTimeout(resolve, 10));
          await sleep(400);
        }),
      ]);
      const task = currentTask()!;
      createTask(async () => {
        // Not a time: while something is ready all the time, a virtual clock stands still.
        for (let pass = 0; pass < 5; pass++) await sleep(0);
        future.setResult();
        task.cancel();
      });
      const names = (await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason.name);
      expect(names).toEqual(Array.from({ length: 4 }, () => 'CancelledError'));
      expect(task.uncancel()).toBe(0);
    }),
  );

  it(
    'all end with their body, also those that were about to go on when it was left',
    virtuallyAsync(async () => {
      let alive = 0;
      const worker = async (stepMs: number) => {
        alive++;
        try {
          for (;;) await sleep(stepMs);
        } finally {
          alive--;
        }
      };
      // The deadline comes in the same pass as the end of some of the sleeps, and before that of others.
      for (const limitMs of [6, 7, 8, 9, 10]) {
        const body = () => Promise.all([1, 2, 3, 4, 5].map(worker));
        await expect(timeout(limitMs, body)).rejects.toThrow(TimeoutError);
      }
      await sleep(20);
      expect(alive).toBe(0);
    }),
  );

  it(
    'do not keep a deadline from a body that never waits for long',
    virtuallyAsync(async (clock) => {
      const restless = timeout(10, async () => {
        void ending(clock, sleep(300));
        for (;;) await sleep(1);
      });
      expect(await ending(clock, restless)).toEqual(['TimeoutError', 10]);
      const task = createTask(function* () {
        getRunningLoop().callLater(1, () => {});
        yield* timeout(10, function* () {
          for (;;) yield* sleep(1);
        });
      });
      expect(await ending(clock, task)).toEqual(['TimeoutError', 20]);
    }),
  );

  it(
    'are part of the body before its first await, too',
    virtuallyAsync(async (clock) => {
      const done: string[] = [];
      const moved = await moveOnAfter(20, async () => {
        await Promise.all([sleep(400, 'a').then((name) => done.push(name)), sleep(5, 'b')]);
      });
      expect([moved, done, clock.now()]).toEqual([undefined, [], 20]);
    }),
  );

  it(
    'have working deadlines after their task has ended',
    virtuallyAsync(async (clock) => {
      let left: Promise<unknown[]> | undefined;
      const task = createTask(async () => {
        await sleep(0);
        left = ending(
          clock,
          timeout(20, async () => {
            await sleep(5);
            await sleep(300);
          }),
        );
        await sleep(1);
      });
      await task;
      expect(await left).toEqual(['TimeoutError', 20]);
      expect(task.awaiting).toEqual([]);
    }),
  );

  it(
    'leave no chain of drivers behind, however long they go on',
    virtuallyAsync(async () => {
      const depths: number[] = [];
      const depth = () => {
        let count = 0;
        for (let at = currentDriver(); at !== null; at = at.parent) count++;
        return count;
      };
      await new Promise<void>((resolve) => {
        const next = async (): Promise<void> => {
          depths.push(depth());
          if (depths.length === 100) return resolve();
          await timeout(1000, async () => {
            await sleep(0);
            void next();
            await sleep(0);
            await sleep(0);
          });
        };
        void next();
      });
      expect(Math.max(...depths)).toBeLessThan(10);
    }),
  );

  it(
    'count only the requests that concern them',
    virtuallyAsync(async () => {
      const counts: number[] = [];
      await Promise.allSettled([
        timeout(5, async () => {
          try {
            await sleep(100);
          } finally {
            await sleep(30);
          }
        }),
        (async () => {
          await sleep(15);
          const task = currentTask()!;
          counts.push(task.cancelling(), task.uncancel(), task.cancelling());
        })(),
      ]);
      expect(counts).toEqual([0, 0, 0]);
    }),
  );

  it(
    'keep a cancellation from outside for after a group’s errors',
    virtuallyAsync(async (clock) => {
      const names: string[] = [];
      const task = createTask(async () => {
        try {
          await taskGroup(async (group) => {
            void ending(clock, sleep(300)).then(() => ending(clock, sleep(300)));
            group.createTask(async () => {
              try {
                await sleep(300);
              } catch {
                throw new Error('mine');
              }
            });
            await sleep(300);
          });
        } catch (error) {
          names.push((error as Error).name);
        }
        await sleep(300);
      });
      await sleep(10);
      task.cancel();
      expect(await ending(clock, task)).toEqual(['CancelledError', 10]);
      expect(names).toEqual(['ErrorGroup']);
    }),
  );

  it('include Node callbacks that were registered inside the task', async () => {
    const statuses: number[] = [];
    const survived = await run(async () => {
      const server = createServer(async (_request, response) => {
        try {
          await timeout(20, () => sleep(10_000));
        } catch (error) {
          const cut = await moveOnAfter(5, () => sleep(10_000));
          response.statusCode = error instanceof TimeoutError && cut === undefined ? 504 : 500;
        }
        response.end();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const request = () =>
        new Promise<number>((resolve, reject) => {
          get({ port, host: '127.0.0.1', agent: false }, (response) => {
            response.resume();
            resolve(response.statusCode!);
          }).on('error', reject);
        });
      statuses.push(...(await Promise.all([request(), request(), request()])));
      await new Promise((resolve) => server.close(resolve));
      return 'main survived';
    });
    expect([survived, statuses]).toEqual(['main survived', [504, 504, 504]]);
  });
});

/** What an async function may do: sleep, one thing after another, things side by side, something with a deadline. */
type Part =
  | { sleepMs: number }
  | { sequence: Part[] }
  | { together: Part[] }
  | { limitMs: number; kind: 'timeout' | 'moveOnAfter' | 'group' | 'generator'; body: Part };

const { part: anyPart } = fc.letrec<{ part: Part }>((tie) => ({
  part: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ sleepMs: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ sequence: fc.array(tie('part'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ together: fc.array(tie('part'), { minLength: 1, maxLength: 3 }) }),
    fc.record({
      limitMs: fc.integer({ min: 1, max: 30 }),
      kind: fc.constantFrom(
        'timeout' as const,
        'moveOnAfter' as const,
        'group' as const,
        'generator' as const,
      ),
      body: tie('part'),
    }),
  ),
}));

const smallestFraction = 2 ** -12;

/** Gives every limit a fraction of its own, so that no two things ever happen at the same time. */
function withoutTies(part: Part, next = { fraction: 1 }): Part {
  if ('sleepMs' in part) return part;
  if ('sequence' in part) return { sequence: part.sequence.map((each) => withoutTies(each, next)) };
  if ('together' in part) return { together: part.together.map((each) => withoutTies(each, next)) };
  // Where there are so many limits that the clock could not tell them apart, the rest goes without.
  if (next.fraction === smallestFraction) return withoutTies(part.body, next);
  next.fraction /= 2;
  return { ...part, limitMs: part.limitMs + next.fraction, body: withoutTies(part.body, next) };
}

/** When `part` ends that begins at `startMs`, and whether it is cut short: by nothing but the limits around it. */
function expected(part: Part, startMs: number, cutMs: number): { endMs: number; cut: boolean } {
  if ('sleepMs' in part) {
    const endMs = startMs + part.sleepMs;
    return endMs < cutMs ? { endMs, cut: false } : { endMs: cutMs, cut: true };
  }
  if ('sequence' in part) {
    let endMs = startMs;
    for (const each of part.sequence) {
      const ending = expected(each, endMs, cutMs);
      if (ending.cut) return ending;
      endMs = ending.endMs;
    }
    return { endMs, cut: false };
  }
  if ('together' in part) {
    const endings = part.together.map((each) => expected(each, startMs, cutMs));
    return { endMs: Math.max(...endings.map(({ endMs }) => endMs)), cut: endings.some(({ cut }) => cut) };
  }
  const deadlineMs = startMs + part.limitMs;
  if (deadlineMs > cutMs) return expected(part.body, startMs, cutMs);
  return { endMs: expected(part.body, startMs, deadlineMs).endMs, cut: false };
}

async function perform(part: Part): Promise<void> {
  if ('sleepMs' in part) return await sleep(part.sleepMs);
  if ('sequence' in part) {
    for (const each of part.sequence) await perform(each);
  } else if ('together' in part) {
    // Waits for all, whatever happens, so that nothing is left behind.
    const outcomes = await Promise.allSettled(part.together.map(perform));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  } else if (part.kind === 'moveOnAfter') await moveOnAfter(part.limitMs, () => perform(part.body));
  else {
    const body = () => perform(part.body);
    const bodies = {
      timeout: body,
      group: () => taskGroup((group) => void group.createTask(body)),
      generator: function* () {
        yield* timeout(null, body);
      },
    };
    try {
      await timeout(part.limitMs, bodies[part.kind]);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
    }
  }
}

it('each part of a task ends by the deadlines around it, and by no other', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyPart.map((part) => withoutTies(part)),
      fc.nat(60),
      async (part, cancelAtMs) => {
        const clock = new VirtualClock();
        await runVirtual(
          async () => {
            const cutMs = cancelAtMs + smallestFraction / 2;
            const task = createTask(() => perform(part));
            createTask(async () => {
              await sleep(cutMs);
              task.cancel();
            });
            let cut = false;
            try {
              await task;
            } catch (error) {
              if (!(error instanceof CancelledError)) throw error;
              cut = true;
            }
            expect({ endMs: clock.now(), cut }).toEqual(expected(part, 0, cutMs));
          },
          { clock },
        );
      },
    ),
    { numRuns: 300 },
  );
});
