import type { ObjectSpec, Op, Program } from './program.ts';

/** A small generator of numbers: the same seed gives the same ones. */
class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = (seed * 2_654_435_761) >>> 0 || 1;
  }

  below(limit: number): number {
    // xorshift32
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % limit;
  }

  pick<T>(options: readonly T[]): T {
    return options[this.below(options.length)]!;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

const objects: Record<string, ObjectSpec> = {
  q0: ['queue', 1],
  q1: ['prio', 2],
  s0: ['sem', 1],
  b0: ['bsem', 1],
  c0: ['cond'],
  r0: ['barrier', 2],
  f0: ['future'],
};

/**
 * Programs for what the oracle's own generator hardly makes: timeouts that are rescheduled, several times and when they
 * are about to expire; groups within groups that fail at several levels; `task_done` and `release` too often; all of
 * it while somebody cancels.
 */
export function thinSpots(seed: number, count: number): Program[] {
  return Array.from({ length: count }, (_, index) =>
    makeProgram(`thin:${seed}:${index}`, new Dice(seed * 65_537 + index + 1)),
  );
}

function makeProgram(id: string, dice: Dice): Program {
  const maker = new Maker(dice);
  const coros: Record<string, Op[]> = {};
  for (let rank = 3; rank >= 0; rank--) coros[rank === 0 ? 'main' : `c${rank}`] = maker.body(rank);
  return { v: 1, id, needs: [], objs: objects, coros: Object.fromEntries(Object.entries(coros).reverse()) };
}

class Maker {
  private serial = 0;
  private groups: string[] = [];

  constructor(private readonly dice: Dice) {}

  body(rank: number): Op[] {
    this.groups = [];
    const ops: Op[] = [];
    if (rank === 0)
      for (let child = 1; child <= 3; child++)
        if (this.dice.chance(60)) ops.push(['spawn', `t${child}`, `c${child}`]);
    ops.push(...this.block(rank, 0, 2 + this.dice.below(3)));
    if (rank > 0 && this.dice.chance(40)) ops.push(['raise', this.dice.pick(['A', 'B'])]);
    else if (this.dice.chance(40)) ops.push(['return', rank]);
    if (rank > 0) return ops;
    return [['try', ops, [['base', [['cancelling', 'self']]]], [['wait', ['t1', 't2', 't3'], 9, 'ALL']]]];
  }

  private block(rank: number, depth: number, size: number): Op[] {
    return Array.from({ length: size }, () => this.op(rank, depth));
  }

  private ticks(): number {
    return this.dice.pick([0, 0, 1, 1, 2, 3]);
  }

  private deadline(): number | null {
    return this.dice.pick([0, 0, 1, 1, 2, 3, -1, null]);
  }

  private op(rank: number, depth: number): Op {
    const { dice } = this;
    const simple: (() => Op)[] = [
      () => ['sleep', this.ticks()],
      () => ['sleep', this.ticks()],
      () => ['cancel', dice.pick(['t1', 't2', 't3', 'main', 'self', 'f0'])],
      () => [dice.pick(['uncancel', 'cancelling']), 'self'],
      () => ['reschedule', this.deadline()],
      () => ['reschedule', this.deadline()],
      () => ['busy', dice.pick([1, 2])],
      () => this.surplus(),
      () => this.surplus(),
      () =>
        dice.pick<Op>([
          ['get', 'q0'],
          ['put', 'q0', ++this.serial],
          ['put', 'q1', ++this.serial],
          ['get', 'q1'],
          ['join', 'q0'],
        ]),
      () => ['fset', 'f0', ++this.serial],
      () => ['await', rank < 3 && dice.chance(50) ? `t${rank + 1 + dice.below(3 - rank)}` : 'f0'],
      () => ['later', dice.pick([0, 1, 2]), [['cancel', dice.pick(['t1', 't2', 'main'])]], null],
    ];
    if (depth >= 4) return dice.pick(simple)();
    const nested: (() => Op)[] = [
      () => this.timeout(rank, depth),
      () => this.timeout(rank, depth),
      () => this.group(rank, depth),
      () => this.group(rank, depth),
      () => this.attempt(rank, depth),
      () => ['with', dice.pick(['s0', 'b0', 'c0']), this.block(rank, depth + 1, 1)],
    ];
    return dice.pick([...simple, ...nested, ...nested])();
  }

  /** Something that is an error when it is done too often. */
  private surplus(): Op {
    return [
      'try',
      [
        this.dice.pick<Op>([
          ['task_done', 'q0'],
          ['task_done', 'q1'],
          ['release', 'b0'],
          ['release', 's0'],
          ['bwait', 'r0'],
          ['babort', 'r0'],
          ['breset', 'r0'],
        ]),
      ],
      [['any', []]],
      null,
    ];
  }

  private timeout(rank: number, depth: number): Op {
    const body = this.block(rank, depth + 1, 1 + this.dice.below(3));
    body.splice(this.dice.below(body.length + 1), 0, ['reschedule', this.deadline()]);
    if (this.dice.chance(50))
      body.push(['sleep', this.ticks()], ['reschedule', this.deadline()], ['sleep', this.ticks()]);
    const op: Op = ['timeout', this.deadline(), body];
    return this.dice.chance(60)
      ? ['try', [op], [[this.dice.pick(['timeout', 'any', 'base']), [['cancelling', 'self']]]], null]
      : op;
  }

  private group(rank: number, depth: number): Op {
    const { dice } = this;
    const name = `g${++this.serial}`;
    this.groups.push(name);
    const body: Op[] = [];
    if (rank < 3) {
      for (let children = dice.below(3); children >= 0; children--) {
        const child = rank + 1 + dice.below(3 - rank);
        body.push(['gspawn', dice.chance(80) ? name : dice.pick(this.groups), `t${child}`, `c${child}`]);
      }
    }
    body.push(...this.block(rank, depth + 1, 1 + dice.below(2)));
    if (dice.chance(30)) body.push(['raise', 'G']);
    const op: Op = ['group', name, body];
    return dice.chance(60)
      ? ['try', [op], [[dice.pick(['group', 'any', 'cancel']), this.block(rank, depth + 1, 1)]], null]
      : op;
  }

  private attempt(rank: number, depth: number): Op {
    const { dice } = this;
    const handler = this.block(rank, depth + 1, 1);
    if (dice.chance(30)) handler.push(['reraise']);
    return [
      'try',
      this.block(rank, depth + 1, 1 + dice.below(2)),
      dice.chance(70) ? [[dice.pick(['any', 'cancel', 'base', 'group', 'timeout']), handler]] : [],
      dice.chance(40) ? this.block(rank, depth + 1, 1) : null,
    ];
  }
}
