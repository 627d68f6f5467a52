import { describe, expect, it } from 'vitest';
// @ts-expect-error the benches are plain JavaScript
import { parseOptions, selectById, UsageError } from '../../bench/support/options.mjs';
// @ts-expect-error the benches are plain JavaScript
import { median, quantile } from '../../bench/support/statistics.mjs';
// @ts-expect-error the benches are plain JavaScript
import { formatNumber, formatRatio, formatTable } from '../../bench/support/table.mjs';

describe('median', () => {
  it('is the middle value, or the mean of the middle two', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([10, 9, 100])).toBe(10);
  });

  it('refuses to make a figure out of nothing', () => {
    expect(() => median([])).toThrow(RangeError);
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });
});

describe('quantile', () => {
  it('is the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(quantile(hundred, 0.5)).toBe(50);
    expect(quantile(hundred, 0.99)).toBe(99);
    expect(quantile(hundred, 0)).toBe(1);
    expect(quantile(hundred, 1)).toBe(100);
    expect(quantile([7], 0.99)).toBe(7);
  });
});

describe('options', () => {
  const specs = {
    conns: { kind: 'whole', min: 1, max: 100, default: 64, about: '' },
    seconds: { kind: 'number', min: 0.1, max: 10, default: 1, about: '' },
    only: { kind: 'list', about: '' },
    matrix: { kind: 'flag', about: '' },
  };

  it('fills in defaults', () => {
    expect(parseOptions([], specs)).toEqual({
      help: false,
      conns: 64,
      seconds: 1,
      only: undefined,
      matrix: false,
    });
  });

  it('reads numbers, lists and flags', () => {
    const values = parseOptions(['--conns', '8', '--seconds=0.5', '--only', 'a, b', '--matrix'], specs);
    expect(values).toEqual({ help: false, conns: 8, seconds: 0.5, only: ['a', 'b'], matrix: true });
  });

  it.each([
    [['--conns', '0']],
    [['--conns', '1.5']],
    [['--conns', '']],
    [['--conns', 'many']],
    [['--seconds', 'Infinity']],
    [['--only', 'a,,b']],
    [['--unknown']],
    [['stray']],
    [['--matrix=yes']],
    [['--conns']],
  ])('refuses %j', (args) => {
    expect(() => parseOptions(args, specs)).toThrow(UsageError);
  });
});

describe('selectById', () => {
  const items = [{ id: 'node' }, { id: 'node-onread' }, { id: 'epoll' }];

  it('prefers the exact id to those that contain it', () => {
    expect(selectById('only', items, ['node'])).toEqual([{ id: 'node' }]);
    expect(selectById('only', items, ['nod'])).toEqual([{ id: 'node' }, { id: 'node-onread' }]);
    expect(selectById('only', items, undefined)).toBe(items);
  });

  it('says what there is when a word chooses nothing', () => {
    expect(() => selectById('only', items, ['deno'])).toThrow(/--only: 'deno' matches none of node, /);
  });
});

describe('tables', () => {
  it('aligns the first column left and the others right', () => {
    expect(
      formatTable(
        ['server', 'n'],
        [
          ['a', '12'],
          ['longer one', '3'],
        ],
      ),
    ).toBe('server       n\n----------  --\na           12\nlonger one   3\n');
  });

  it('shows three digits and never an exponent', () => {
    expect([0.03123, 4.561, 12.34, 123.4, 45678.9, 0, undefined].map(formatNumber)).toEqual([
      '0.0312',
      '4.56',
      '12.3',
      '123',
      '45,679',
      '0',
      '-',
    ]);
    expect(formatRatio(0.618)).toBe('0.62x');
    expect(formatRatio(null)).toBe('-');
  });
});
