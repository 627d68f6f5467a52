/** Nothing is ready, no timer is pending, and tasks wait all the same: for each other, or for what nobody will do. */
export class DeadlockError extends Error {
  override readonly name = 'DeadlockError';
  readonly code = 'ERR_DEADLOCK';

  constructor(
    /** What is stuck, one line for each task: its name and what it waits for. */
    readonly stuck: readonly string[],
  ) {
    super(
      `Deadlock: nothing is ready and no timer is pending\n${stuck.map((line) => `  ${line}`).join('\n')}`,
    );
  }
}
