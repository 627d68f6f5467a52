import { inspect } from 'node:util';
import {
  CancelledError,
  CancelScope,
  type Coroutine,
  createTask,
  currentTask,
  failAfter,
  getRunningLoop,
  moveOnAfter,
  sleep,
  TimeoutError,
  taskGroup,
  timeout,
} from 'coriolis';
import { runVirtual, VirtualClock } from 'coriolis/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorOf, virtually, virtuallyAsync } from './support.ts';

describe('CancelScope', () => {
  it(
    'catches its own cancellation, and only that',
    virtually(function* (clock) {
      const scope = new CancelScope();
      getRunningLoop().callLater(5, () => scope.cancel());
      const result = yield* scope.run(function* () {
        yield* sleep(100);
        return 'never';
      });
      expect([result, scope.cancelCalled, scope.cancelledCaught, clock.now()]).toEqual([
        undefined,
        true,
        true,
        5,
      ]);
      const task = createTask(() => new CancelScope().run(() => sleep(100)));
      yield* sleep(1);
      task.cancel();
      expect(yield* errorOf(task)).toBeInstanceOf(CancelledError);
    }),
  );

  it(
    'is a state: every further wait fails, until the scope is left',
    virtually(function* (clock) {
      const failures: unknown[] = [];
      yield* moveOnAfter(5, function* () {
        for (let attempt = 0; attempt < 3; attempt++) failures.push(yield* errorOf(sleep(100)));
        failures.push(yield* errorOf(sleep(0)));
        const done = getRunningLoop().createFuture<string>();
        done.setResult('no wait, no cancellation');
        failures.push(yield* done);
      });
      expect(failures.slice(0, 4).every((failure) => failure instanceof CancelledError)).toBe(true);
      expect(failures[4]).toBe('no wait, no cancellation');
      expect(clock.now()).toBe(5);
      yield* sleep(1);
      expect(currentTask()!.cancelling()).toBe(0);
    }),
  );

  it(
    'does not take away what has come already',
    virtually(function* () {
      const future = getRunningLoop().createFuture<string>();
      const scope = new CancelScope();
      const seen: unknown[] = [];
      const task = createTask(() =>
        scope.run(function* () {
          seen.push(yield* future);
          yield* sleep(1);
          seen.push('not reached');
        }),
      );
      yield* sleep(1);
      future.setResult('value');
      scope.cancel();
      yield* task;
      expect(seen).toEqual(['value']);
    }),
  );

  it(
    'reaches the tasks of a group inside it, and leaves those of a shielded scope alone',
    virtually(function* (clock) {
      const ended: string[] = [];
      yield* moveOnAfter(5, () =>
        taskGroup(function* (group) {
          group.createTask(function* () {
            for (let attempt = 0; attempt < 3; attempt++) yield* errorOf(sleep(100));
            ended.push(`child ${clock.now()}`);
          });
          group.createTask(() =>
            new CancelScope({ shield: true }).run(function* () {
              yield* sleep(20);
              ended.push(`shielded ${clock.now()}`);
            }),
          );
        }),
      );
      expect(ended).toEqual(['child 5', 'shielded 20']);
    }),
  );

  it(
    'lets cleanup wait under a shield',
    virtually(function* (clock) {
      const result = yield* moveOnAfter(5, function* () {
        try {
          yield* sleep(100);
        } finally {
          yield* new CancelScope({ shield: true }).run(() => sleep(3));
        }
      });
      expect([result, clock.now()]).toEqual([undefined, 8]);
    }),
  );

  it(
    'when scopes nest, the outermost cancelled one is left',
    virtually(function* () {
      const outer = new CancelScope();
      const inner = new CancelScope();
      const after: string[] = [];
      yield* outer.run(function* () {
        yield* inner.run(function* () {
          inner.cancel();
          outer.cancel();
          yield* sleep(1);
        });
        after.push('inner');
      });
      after.push('outer');
      expect([after, inner.cancelledCaught, outer.cancelledCaught]).toEqual([['outer'], false, true]);
    }),
  );

  it(
    'follows a deadline that moves, and is cancelled before it begins',
    virtually(function* (clock) {
      const scope = new CancelScope({ deadline: 5 });
      yield* scope.run(function* () {
        scope.deadline = 20;
        yield* sleep(10);
        scope.deadline = 12;
        yield* sleep(10);
      });
      expect([clock.now(), scope.cancelledCaught]).toEqual([12, true]);
      const early = new CancelScope();
      early.cancel();
      expect(yield* early.run(() => sleep(5, 'never'))).toBeUndefined();
      expect(yield* moveOnAfter(0, () => 'no wait')).toBe('no wait');
      expect(clock.now()).toBe(12);
      expect(String(yield* errorOf(early.run(() => 1)))).toContain('only once');
    }),
  );

  it(
    'failAfter throws, unless the body is in time',
    virtually(function* (clock) {
      expect(yield* failAfter(5, () => sleep(1, 'in time'))).toBe('in time');
      expect(yield* errorOf(failAfter(5, () => sleep(100)))).toBeInstanceOf(TimeoutError);
      expect(clock.now()).toBe(6);
    }),
  );

  it(
    'shows how it stands, as timeouts and groups do',
    virtuallyAsync(async () => {
      const shown: string[] = [];
      await moveOnAfter(10, (scope) =>
        timeout(5, (limit) =>
          taskGroup(async (group) => {
            group.createTask(() => sleep(1));
            for (const each of [scope, limit, group]) shown.push(JSON.stringify(each), inspect(each));
          }),
        ),
      );
      expect(shown).toEqual([
        '{"deadline":10,"shield":false,"cancelCalled":false,"cancelledCaught":false}',
        expect.stringMatching(/^CancelScope {\n? +deadline: 10,/),
        '{"when":5,"state":"active"}',
        "Timeout { when: 5, state: 'active' }",
        '{"unfinished":1,"errors":0,"aborting":false}',
        'TaskGroup { unfinished: 1, errors: 0, aborting: false }',
      ]);
    }),
  );

  it(
    'of which many share one signal',
    virtuallyAsync(async () => {
      const warnings: Error[] = [];
      const listen = (warning: Error) => void warnings.push(warning);
      process.on('warning', listen);
      const controller = new AbortController();
      const parts = Array.from({ length: 50 }, async () => {
        const scope = new CancelScope({ signal: controller.signal });
        await scope.run(() => sleep(1000));
        return scope.cancelledCaught;
      });
      await sleep(1);
      controller.abort();
      expect((await Promise.all(parts)).every(Boolean)).toBe(true);
      await new Promise((resolve) => setImmediate(resolve));
      process.off('warning', listen);
      expect(warnings).toEqual([]);
    }),
  );

  it(
    'is bridged to AbortSignal both ways',
    virtuallyAsync(async () => {
      const controller = new AbortController();
      getRunningLoop().callLater(3, () => controller.abort());
      const scope = new CancelScope({ signal: controller.signal });
      const aborted: boolean[] = [];
      await scope.run(async () => {
        const inner = new CancelScope();
        await inner.run(async () => {
          const { signal } = inner;
          aborted.push(signal.aborted);
          try {
            await sleep(100);
          } finally {
            aborted.push(signal.aborted);
          }
        });
      });
      expect([aborted, scope.cancelledCaught]).toEqual([[false, true], true]);
      const late = new CancelScope({ signal: controller.signal });
      expect(await late.run(() => sleep(1, 'never'))).toBeUndefined();
    }),
  );

  it('ends every nest of scopes at the right time', async () => {
    const limits = fc.array(fc.record({ limit: fc.integer({ min: 1, max: 30 }), shield: fc.boolean() }), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(limits, fc.integer({ min: 1, max: 40 }), async (scopes, workMs) => {
        function* nest(depth: number): Coroutine<void> {
          const scope = scopes[depth];
          if (scope === undefined) yield* sleep(workMs);
          else yield* moveOnAfter(scope.limit, () => nest(depth + 1), { shield: scope.shield });
        }
        const clock = new VirtualClock();
        await runVirtual(() => nest(0), { clock });
        // The innermost body is ended by its own scope or by one around it, up to and including the first shield.
        let endMs = workMs;
        for (const scope of [...scopes].reverse()) {
          endMs = Math.min(endMs, scope.limit);
          if (scope.shield) break;
        }
        expect(clock.now()).toBe(endMs);
      }),
      { numRuns: 200 },
    );
  });
});
