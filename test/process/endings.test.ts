import { expect, test } from 'vitest';
import { runFixture } from '../support/child.ts';

// Each ends with receives, blocked sends, accepts and timers in flight. A crash would show as a signal.
test.each([
  ['natural', 0],
  ['exit', 7],
  ['exit-in-task', 8],
  ['throw', 1],
  ['kill', 'SIGTERM'],
  ['close', 0],
])('a process that ends by %s ends cleanly', async (how, expected) => {
  const child = runFixture('endings', [how]);
  expect(await child.ended, child.stderr()).toBe(expected);
  if (how === 'close') expect(child.lines).toContain('closed true');
});

test('callbacks that are ready keep the process alive, also when no task is left', async () => {
  const child = runFixture('busy-ending');
  expect(await child.ended, child.stderr()).toBe(0);
  expect(child.lines).toEqual(['finished']);
});

test('workers terminated under load leave no descriptors behind and crash nothing', async () => {
  const child = runFixture('worker-storm', ['30']);
  const [before, after] = (await child.line('descriptors')).split(' ').map(Number);
  expect(await child.ended, child.stderr()).toBe(0);
  expect(after).toBeLessThanOrEqual(before!);
}, 60_000);

test('loops that were dropped without close leave no descriptors behind', async () => {
  const child = runFixture('dropped-loops', ['--expose-gc']);
  // The collector may not have seen the last one or two; each loop has two or three.
  expect(Number(await child.line('left'))).toBeLessThan(10);
  expect(await child.ended, child.stderr()).toBe(0);
});
