/** Nothing is ready, no timer is pending, and tasks wait all the same: for each other, or for what nobody will do. */
export class DeadlockError extends Error {
  override readonly name = 'DeadlockError';
  readonly code = 'ERR_DEADLOCK';

  constructor(
    /** What is stuck, one line for each task: its name and what it waits for. */
    readonly stuck: readonly string[],
    /** Some of them may have been waiting for promises from elsewhere, which the loop cannot look into. */
    outside = false,
  ) {
    const lines = stuck.map((line) => `\n  ${line}`).join('');
    const advice = outside
      ? '\nIf a promise from outside the loop is under way, await it with wrapPromise: the clock then waits for it.'
      : '';
    super(`Deadlock: nothing is ready and no timer is pending${lines}${advice}`);
  }
}
