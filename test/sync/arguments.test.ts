import {
  Barrier,
  Condition,
  type ItemStore,
  LifoQueue,
  Lock,
  openMemoryChannel,
  PriorityQueue,
  Queue,
  Semaphore,
} from 'coriolis';
import { expect, test } from 'vitest';

const noNumbers = ['x', null, {}, Symbol('x'), true] as never[];
const noWholes = [Number.NaN, 1.5];

test.each([
  ['maxsize', noWholes, (value: number) => new Queue(value)],
  ['maxsize', noWholes, (value: number) => new LifoQueue(value)],
  ['maxsize', noWholes, (value: number) => new PriorityQueue(value)],
  ['permits', [...noWholes, -1], (value: number) => new Semaphore(value)],
  ['parties', [...noWholes, 0, Infinity], (value: number) => new Barrier(value)],
  ['maxBufferSize', [...noWholes, -1], (value: number) => openMemoryChannel(value)],
  ['count', [...noWholes, -1], (value: number) => new Condition().notify(value)],
])('%s is a whole number', (name, outside, make) => {
  for (const value of outside) {
    expect(() => make(value)).toThrow(RangeError);
    expect(() => make(value)).toThrow(`"${name}"`);
  }
  for (const value of noNumbers) {
    expect(() => make(value)).toThrow(TypeError);
    expect(() => make(value)).toThrow(`"${name}" argument`);
  }
});

test('a queue’s store and order, a condition’s lock and predicate are what they are called', () => {
  for (const wrong of [null, {}, 5] as never[]) {
    expect(() => new Queue(0, wrong as ItemStore<number>)).toThrow(/"store" argument/);
    expect(() => new PriorityQueue(0, wrong)).toThrow(/"compare" argument/);
    expect(() => new Condition(wrong)).toThrow(/"lock" argument/);
    expect(() => new Condition(new Lock()).waitFor(wrong)).toThrow(/"predicate" argument/);
  }
});
