import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { runFixture } from '../support/child.ts';
import { nodeClient } from '../support/peers.ts';

test('out of descriptors on accept: says so, backs off, recovers', async () => {
  const child = runFixture('greeter', [], 'ulimit -n 100; exec');
  const port = Number(await child.line('port'));
  const greeted: Socket[] = [];
  const clients = await Promise.all(
    Array.from({ length: 120 }, async () => {
      const client = await nodeClient(port);
      client.once('data', () => greeted.push(client));
      client.on('error', () => {});
      return client;
    }),
  );
  expect(await child.line('warning')).toContain('EMFILE');
  expect(greeted.length).toBeLessThan(120);
  const waiting = clients.filter((client) => !greeted.includes(client));
  const all = Promise.all(waiting.map((client) => once(client, 'data')));
  // Every client that leaves makes room for one that waits.
  for (const client of [...greeted]) client.destroy();
  greeted.splice(0);
  const timer = setInterval(() => {
    for (const client of greeted.splice(0)) client.destroy();
  }, 20);
  await all;
  clearInterval(timer);
  for (const client of clients) client.destroy();
  child.process.kill();
  await child.ended;
});

test('10,000 connections opened and closed leave no descriptor and no memory behind', async () => {
  const child = runFixture('connection-churn', ['10000', '--expose-gc']);
  const left = JSON.parse(await child.line(''));
  expect(await child.ended).toBe(0);
  expect(left.served).toBe(12_000);
  expect(left.descriptors).toBe(0);
  expect(left.heapBytesEach).toBeLessThan(50);
  expect(left.externalBytesEach).toBeLessThan(50);
}, 90_000);
