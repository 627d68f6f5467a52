import {
  CancelledError,
  createTask,
  Future,
  getRunningLoop,
  InvalidStateError,
  isFuture,
  sleep,
} from 'coriolis';
import { describe, expect, it } from 'vitest';
import { errorOf, virtually, virtuallyAsync } from './support.ts';

const makeFuture = <T>() => getRunningLoop().createFuture<T>();

describe('Future', () => {
  it(
    'gives its result once',
    virtually(function* () {
      const future = makeFuture<number>();
      expect([future.done(), future.cancelled(), isFuture(future), isFuture({})]).toEqual([
        false,
        false,
        true,
        false,
      ]);
      expect(() => future.result()).toThrow(InvalidStateError);
      expect(() => future.exception()).toThrow(InvalidStateError);
      future.setResult(5);
      expect([future.done(), future.result(), future.exception()]).toEqual([true, 5, null]);
      expect(() => future.setResult(6)).toThrow(InvalidStateError);
      expect(() => future.setException(new Error())).toThrow(InvalidStateError);
      expect(future.cancel()).toBe(false);
      expect(yield* future).toBe(5);
      expect(future.getLoop()).toBe(getRunningLoop());
    }),
  );

  it(
    'throws its error to everybody who asks',
    virtually(function* () {
      const future = makeFuture<number>();
      const error = new Error('no');
      future.setException(error);
      expect(future.exception()).toBe(error);
      expect(() => future.result()).toThrow(error);
      expect(yield* errorOf(future)).toBe(error);
    }),
  );

  it(
    'is cancelled at once, with a message, for all who wait',
    virtually(function* () {
      const future = makeFuture<number>();
      const waiting = [1, 2].map(() => createTask(errorOf(future)));
      yield* sleep(0);
      expect(future.cancel('enough')).toBe(true);
      expect(future.cancelled()).toBe(true);
      for (const task of waiting) {
        const error = yield* task;
        expect(error).toBeInstanceOf(CancelledError);
        expect((error as Error).message).toBe('enough');
      }
      expect(() => future.exception()).toThrow(CancelledError);
    }),
  );

  it(
    'calls done callbacks in the next pass, in order, also when it is done already',
    virtually(function* () {
      const future = makeFuture<string>();
      const order: string[] = [];
      const removed = () => order.push('removed');
      future.addDoneCallback((done) => order.push(`first ${done.result()}`));
      future.addDoneCallback(removed);
      future.addDoneCallback(removed);
      future.addDoneCallback(() => order.push('second'));
      expect(future.removeDoneCallback(removed)).toBe(2);
      future.setResult('x');
      expect(order).toEqual([]);
      yield* sleep(0);
      expect(order).toEqual(['first x', 'second']);
      future.addDoneCallback(() => order.push('late'));
      expect(order).toHaveLength(2);
      yield* sleep(0);
      expect(order[2]).toBe('late');
    }),
  );

  it(
    'is a thenable: await, then, catch and chains work as with a promise',
    virtuallyAsync(async () => {
      const future = makeFuture<number>();
      const order: string[] = [];
      const chained = Promise.resolve(future.then((value) => value * 2).then((value) => value + 1));
      future.setResult(20);
      void future.then(() => order.push('callback'));
      order.push('after then');
      expect(await chained).toBe(41);
      expect(await future).toBe(20);
      expect(order).toEqual(['after then', 'callback']);
      const failing = makeFuture<number>();
      const caught = Promise.resolve(failing.then(undefined, (error: unknown) => (error as Error).message));
      failing.setException(new Error('no'));
      expect(await caught).toBe('no');
      await expect(Promise.all([failing])).rejects.toThrow('no');
    }),
  );

  it('can be awaited outside any task', async () => {
    const { VirtualEventLoop } = await import('coriolis/testing');
    const loop = new VirtualEventLoop();
    const future = loop.createFuture<number>();
    const seen = (async () => await future)();
    loop.callSoon(() => future.setResult(3));
    await loop.runUntilComplete(future);
    loop.callSoon(() => loop.stop());
    await loop.runForever();
    expect(await seen).toBe(3);
    loop.close();
  });

  it(
    'is no collection: iterating over it is an error, not an endless loop',
    virtually(function* () {
      const future = makeFuture<number>();
      expect(() => [...(future as unknown as Iterable<unknown>)]).toThrow('iterated');
    }),
  );

  it('is a class to extend: lazy operations begin when they are first awaited', async () => {
    class Operation extends Future<string> {
      readonly events: string[] = [];

      protected override start(): void {
        this.events.push('start');
      }

      protected override onCancel(): void {
        this.events.push('cancel');
      }
    }
    await virtually(function* () {
      const make = () => new Operation((getRunningLoop() as unknown as { scheduler: never }).scheduler);
      const operation = make();
      const task = createTask(errorOf(operation));
      expect(operation.events).toEqual([]);
      yield* sleep(0);
      expect(operation.events).toEqual(['start']);
      task.cancel();
      yield* task;
      expect(operation.events).toEqual(['start', 'cancel']);
      const finished = make();
      createTask(function* () {
        yield* finished;
      });
      yield* sleep(0);
      finished.setResult('ok');
      expect([yield* finished, yield* finished]).toEqual(['ok', 'ok']);
      expect(finished.events).toEqual(['start']);
    })();
  });
});
