import { describe, expect, it } from 'vitest';
import type { Core } from '../../lib/native/addon.ts';
import { layout, opcode } from '../../lib/native/layout.ts';
import { exchangeBytes, Operations } from '../../lib/scheduler/operations.ts';

const { submissionHead, submissionTail, submissionCapacity, submissionWords, headerWords } = layout;

/** A core that takes submissions only when it is allowed to. */
function makeOperations() {
  const words = new Int32Array(exchangeBytes / 4);
  const taken: number[] = [];
  const core = {
    open: true,
    poll() {
      while (this.open && words[submissionHead] !== words[submissionTail]) {
        const at = headerWords + (words[submissionHead]! & (submissionCapacity - 1)) * submissionWords;
        taken.push(words[at + layout.submitFd]!);
        words[submissionHead]! += 1;
      }
      return 0;
    },
  };
  const operations = new Operations(words, core as unknown as Core, () => {});
  return { operations, core, taken };
}

describe('Operations', () => {
  it('flushes a full ring, and keeps in order what the core cannot take yet', () => {
    const { operations, core, taken } = makeOperations();
    const handler = { complete() {} };
    const count = submissionCapacity * 3 + 10;
    for (let fd = 0; fd < submissionCapacity + 5; fd++) operations.start(opcode.poll, handler, fd);
    expect(taken.length).toBe(submissionCapacity);
    core.open = false;
    for (let fd = submissionCapacity + 5; fd < count; fd++) operations.start(opcode.poll, handler, fd);
    expect(operations.hasSubmissions).toBe(true);
    core.open = true;
    while (operations.hasSubmissions) {
      operations.refill();
      core.poll();
    }
    expect(taken).toEqual(Array.from({ length: count }, (_, fd) => fd));
    expect(operations.inFlight).toBe(count);
  });
});
