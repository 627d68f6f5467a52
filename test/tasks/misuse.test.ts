import { coroutine, createTask, Future, gather, getRunningLoop, run, sleep } from 'coriolis';
import { runVirtual } from 'coriolis/testing';
import { describe, expect, it } from 'vitest';
import { errorOf, virtually, virtuallyAsync } from './support.ts';

describe('yield without a star', () => {
  it(
    'is an error that says so',
    virtually(function* () {
      const done = new Future<void>(getRunningLoop());
      done.setResult();
      const plain = [() => sleep(1), () => sleep(0), () => done, () => createTask(() => sleep(1))];
      for (const make of plain) {
        const task = createTask(function* () {
          yield make() as never;
        });
        expect(String(yield* errorOf(task))).toMatch(/^TypeError: .*use `yield\*`/);
      }
    }),
    2000,
  );

  it(
    'is one in a coroutine that an async function awaits',
    virtuallyAsync(async () => {
      const plain = coroutine(function* () {
        yield sleep(1) as never;
      });
      await expect(plain()).rejects.toThrow('use `yield*`');
    }),
    2000,
  );
});

describe('what is no coroutine', () => {
  const wrong: never[] = [null, undefined, 5, 'text', {}, []] as never[];

  it(
    'is refused by createTask and gather',
    virtually(function* () {
      for (const value of wrong) {
        expect(() => createTask(value)).toThrow(/"coroutine" argument/);
        expect(() => createTask(value)).toThrow(TypeError);
      }
      expect(() => gather([5])).toThrow(TypeError);
      yield* sleep(0);
    }),
  );

  it('is refused by run and runVirtual', async () => {
    for (const value of wrong) {
      await expect(run(value)).rejects.toThrow(/"coroutine" argument/);
      await expect(runVirtual(value)).rejects.toThrow(/"coroutine" argument/);
    }
  }, 2000);
});
