import type { Op, Program } from './program.ts';

/**
 * Makes a program smaller as long as it stays `interesting`: drops operations, puts the body of one in its place, and
 * drops coroutines and objects that nobody names.
 */
export async function shrink(
  program: Program,
  interesting: (candidate: Program) => Promise<boolean>,
): Promise<Program> {
  let smallest = program;
  for (let progress = true; progress; ) {
    progress = false;
    for (const candidate of candidates(smallest)) {
      if (!(await interesting(candidate))) continue;
      smallest = candidate;
      progress = true;
      break;
    }
  }
  return smallest;
}

/** Every program that is one step smaller. */
function* candidates(program: Program): Generator<Program> {
  const { main, ...others } = program.coros;
  for (const name of Object.keys(others)) {
    const { [name]: _, ...rest } = program.coros;
    if (!JSON.stringify(rest).includes(`"${name}"`)) yield { ...program, coros: rest };
  }
  for (const name of Object.keys(program.objs)) {
    const { [name]: _, ...rest } = program.objs;
    if (!JSON.stringify(program.coros).includes(`"${name}"`)) yield { ...program, objs: rest };
  }
  for (const name of Object.keys(program.coros)) {
    for (const body of smallerBlocks(program.coros[name]!)) {
      yield { ...program, coros: { ...program.coros, [name]: body } };
    }
  }
}

function isBlock(value: unknown): value is Op[] {
  return (
    Array.isArray(value) &&
    value.every((op) => Array.isArray(op) && typeof op[0] === 'string' && op[0] !== 'c')
  );
}

function* smallerBlocks(block: Op[]): Generator<Op[]> {
  for (let at = 0; at < block.length; at++) {
    const before = block.slice(0, at);
    const after = block.slice(at + 1);
    yield [...before, ...after];
    for (const replacement of smallerOps(block[at]!)) yield [...before, ...replacement, ...after];
  }
}

/** What may stand in the place of an operation: its body, or the operation with a smaller body. */
function* smallerOps(op: Op): Generator<Op[]> {
  const [name, ...args] = op;
  for (let at = 0; at < args.length; at++) {
    const argument = args[at];
    if (name === 'try' && at === 1) {
      const handlers = argument as [string, Op[]][];
      for (let index = 0; index < handlers.length; index++) {
        const [kind, body] = handlers[index]!;
        yield [[name, ...args.with(at, handlers.toSpliced(index, 1))] as Op];
        for (const smaller of smallerBlocks(body)) {
          yield [[name, ...args.with(at, handlers.with(index, [kind, smaller]))] as Op];
        }
      }
    } else if (isBlock(argument) && argument.length > 0) {
      yield argument;
      if (name === 'try' && at === 2) yield [[name, ...args.with(at, null)] as Op];
      for (const smaller of smallerBlocks(argument)) yield [[name, ...args.with(at, smaller)] as Op];
    }
  }
}
