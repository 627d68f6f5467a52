import type { Future, Handle, Task, TaskBody, TaskOptions } from 'coriolis';

/** What the interpreter needs of a loop with a virtual clock. */
export interface Host {
  /** Called when nothing is ready and no timer is pending. */
  onIdle: () => void;
  /** Called with the pass number at the start of each pass. */
  onPass: (pass: number) => void;
  readonly passes: number;
  time(): number;
  advance(ticks: number): void;
  createFuture(): Future<unknown>;
  createTask(body: TaskBody<unknown>, options?: TaskOptions): Task<unknown>;
  callSoon(callback: () => void): Handle;
  callLater(ticks: number, callback: () => void): Handle;
  setTaskFactory(
    factory: (loop: unknown, body: TaskBody<unknown>, options: TaskOptions) => Task<unknown>,
  ): void;
  /** A task, made without the task factory. */
  newTask(loop: unknown, body: TaskBody<unknown>, options: TaskOptions): Task<unknown>;
  setExceptionHandler(handler: (context: { message: string; exception?: unknown }) => void): void;
  /** Runs until `future` is done or `stop` is called; true when it is done. */
  runUntilDone(future: Future<unknown>): Promise<boolean>;
  stop(): void;
  close(): void;
}
