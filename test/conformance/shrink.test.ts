import { expect, it } from 'vitest';
import type { Program } from './program.ts';
import { shrink } from './shrink.ts';
import { thinSpots } from './thin-spots.ts';

it('a program is shrunk to what makes it interesting', async () => {
  const program: Program = {
    v: 1,
    id: 'x',
    needs: [],
    objs: { q0: ['queue', 1], l0: ['lock'] },
    coros: {
      main: [
        ['sleep', 1],
        ['spawn', 't1', 'c1'],
        [
          'try',
          [
            ['sleep', 2],
            [
              'timeout',
              3,
              [
                ['get', 'q0'],
                ['log', 1],
              ],
            ],
          ],
          [['any', [['log', 2]]]],
          [['log', 3]],
        ],
      ],
      c1: [['with', 'l0', [['log', 4]]]],
    },
  };
  const small = await shrink(program, async (candidate) =>
    JSON.stringify(candidate).includes('["get","q0"]'),
  );
  expect(small).toEqual({
    v: 1,
    id: 'x',
    needs: [],
    objs: { q0: ['queue', 1] },
    coros: { main: [['get', 'q0']] },
  });
});

it('the same seed gives the same programs', () => {
  expect(thinSpots(5, 20)).toEqual(thinSpots(5, 20));
  expect(thinSpots(5, 20)).not.toEqual(thinSpots(6, 20));
});
