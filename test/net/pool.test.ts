import { expect, test } from 'vitest';
import { layout } from '../../lib/native/layout.ts';
import { ReceivePool, type Starved } from '../../lib/native/receive-pool.ts';
import { eventually } from '../support/peers.ts';

const buffers = layout.poolSlabBuffers * layout.poolSlabsMax;

/** A pool at its full size, all of it held in one piece a buffer. */
function dryPool(): ReceivePool {
  const core = { addPoolSlab() {} } as unknown as ConstructorParameters<typeof ReceivePool>[0];
  const pool = new ReceivePool(core, () => {});
  while (pool.grow());
  for (let buffer = 0; buffer < buffers; buffer++) pool.take(buffer, layout.poolBufferBytes, false);
  return pool;
}

test('a receiver that no longer wants to go on does not use up the turn of the next', () => {
  const pool = dryPool();
  const resumed: string[] = [];
  const starved = (name: string, goesOn: boolean): Starved => ({
    resume() {
      resumed.push(name);
      return goesOn;
    },
  });
  expect(pool.hasFree).toBe(false);
  pool.whenReturned(starved('closed', false));
  pool.whenReturned(starved('open', true));
  pool.whenReturned(starved('later', true));
  pool.release(0);
  expect(resumed).toEqual(['closed', 'open']);
  pool.release(1);
  expect(resumed).toEqual(['closed', 'open', 'later']);
});

test('one buffer that came back is offered to everybody in the end', async () => {
  const pool = dryPool();
  let resumed = 0;
  for (let count = 0; count < 10; count++) pool.whenReturned({ resume: () => ++resumed > 0 });
  pool.release(0);
  expect(resumed).toBe(1);
  await eventually(() => resumed === 10);
});
