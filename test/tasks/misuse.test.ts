import { coroutine, createTask, Future, getRunningLoop, sleep } from 'coriolis';
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
