import {
  CancelledError,
  type Coroutine,
  createTask,
  currentTask,
  ErrorGroup,
  sleep,
  TaskGroup,
  type TaskStatus,
  taskGroup,
} from 'coriolis';
import { describe, expect, it } from 'vitest';
import { errorOf, virtually, virtuallyAsync } from './support.ts';

function* fail(delayMs: number, message: string): Coroutine<never> {
  yield* sleep(delayMs);
  throw new Error(message);
}

describe('start of an eager task', () => {
  it(
    'that is up in its first step',
    virtually(function* (clock) {
      const ends: number[] = [];
      yield* taskGroup(function* (group) {
        const port = yield* group.start(
          function* (status: TaskStatus<number>) {
            status.started(80);
            yield* sleep(10);
            ends.push(clock.now());
          },
          { eagerStart: true },
        );
        expect(port).toBe(80);
      });
      expect([ends, clock.now()]).toEqual([[10], 10]);
    }),
  );
});

describe('taskGroup', () => {
  it(
    'waits for its tasks and gives what the body returns',
    virtually(function* (clock) {
      const ended: string[] = [];
      const result = yield* taskGroup(function* (group) {
        for (const delay of [3, 1]) {
          group.createTask(function* () {
            yield* sleep(delay);
            ended.push(`task ${delay}`);
          });
        }
        return 'body';
      });
      expect([result, ended, clock.now()]).toEqual(['body', ['task 1', 'task 3'], 3]);
    }),
  );

  it(
    'works the same in async functions',
    virtuallyAsync(async () => {
      const tasks = await taskGroup(async (group) => {
        const task = group.createTask(async () => {
          await sleep(2);
          return 'child';
        });
        await sleep(1);
        return [task];
      });
      expect(tasks?.[0]?.result()).toBe('child');
    }),
  );

  it(
    'cancels siblings and body after a failure, and throws all errors, the body last',
    virtually(function* () {
      const parent = currentTask()!;
      const error = (yield* errorOf(
        taskGroup(function* (group) {
          group.createTask(fail(1, 'first'));
          group.createTask(function* () {
            yield* errorOf(sleep(10));
            throw new Error('while aborting');
          });
          yield* errorOf(sleep(10));
          throw new Error('body');
        }),
      )) as ErrorGroup;
      expect(error).toBeInstanceOf(ErrorGroup);
      expect(error).toBeInstanceOf(AggregateError);
      expect(error.errors.map((each) => each.message)).toEqual(['first', 'while aborting', 'body']);
      expect(parent.cancelling()).toBe(0);
    }),
  );

  it(
    'passes a cancellation from outside on, after its tasks have ended',
    virtually(function* () {
      const order: string[] = [];
      const task = createTask(() =>
        taskGroup(function* (group) {
          group.createTask(function* () {
            try {
              yield* sleep(100);
            } finally {
              yield* sleep(1);
              order.push('child');
            }
          });
        }),
      );
      yield* sleep(1);
      task.cancel();
      expect(yield* errorOf(task)).toBeInstanceOf(CancelledError);
      expect(order).toEqual(['child']);
    }),
  );

  it(
    'ends without an error when it is cancelled by itself',
    virtually(function* (clock) {
      const result = yield* taskGroup(function* (group) {
        group.createTask(() => sleep(100));
        group.createTask(function* () {
          yield* sleep(2);
          group.cancel();
        });
        yield* sleep(50);
        return 'not reached';
      });
      expect([result, clock.now(), currentTask()!.cancelling()]).toEqual([undefined, 2, 0]);
      const early = new TaskGroup();
      early.cancel();
      expect(yield* early.run(() => sleep(9, 'never'))).toBeUndefined();
      early.cancel();
    }),
  );

  it(
    'refuses tasks before, after and while it is aborted',
    virtually(function* () {
      const group = new TaskGroup();
      expect(() => group.createTask(() => 1)).toThrow('has not been entered');
      yield* group.run(function* () {
        group.cancel();
        expect(() => group.createTask(() => 1)).toThrow('shutting down');
      });
      expect(() => group.createTask(() => 1)).toThrow('finished');
      expect(String(yield* errorOf(group.run(() => 1)))).toContain('already been entered');
    }),
  );
});

describe('start', () => {
  it(
    'waits until the task says that it is up; from then on it is the group that waits',
    virtually(function* (clock) {
      const order: unknown[] = [];
      yield* taskGroup(function* (group) {
        const port = yield* group.start<number>(function* (status: TaskStatus<number>) {
          yield* sleep(3);
          status.started(8080);
          expect(() => status.started(1)).toThrow('already');
          yield* sleep(3);
          order.push('service ended');
        });
        order.push(port, clock.now());
      });
      expect(order).toEqual([8080, 3, 'service ended']);
    }),
  );

  it(
    'throws what the task throws before it is up, and does not abort the group',
    virtually(function* () {
      const seen: unknown[] = [];
      yield* taskGroup(function* (group) {
        const error = yield* errorOf(group.start(() => fail(1, 'no port')));
        seen.push((error as Error).message);
        seen.push(
          String(yield* errorOf(group.start(() => 'nothing'))).includes('without having called started'),
        );
        yield* sleep(1);
        seen.push('body goes on');
      });
      expect(seen).toEqual(['no port', true, 'body goes on']);
    }),
  );

  it(
    'cancels the task when the caller is cancelled meanwhile',
    virtuallyAsync(async () => {
      const order: string[] = [];
      const task = createTask(() =>
        taskGroup(async (group) => {
          await group.start(async () => {
            try {
              await sleep(100);
            } finally {
              order.push('service cancelled');
            }
          });
        }),
      );
      await sleep(1);
      task.cancel();
      await expect(Promise.all([task])).rejects.toBeInstanceOf(CancelledError);
      expect(order).toEqual(['service cancelled']);
    }),
  );
});
