import { type AbstractEventLoop, type Coroutine, sleep, type Task } from 'coriolis';

/** What `/tasks/:id` reports. */
export interface TaskReport {
  id: string;
  state: 'running' | 'finished' | 'cancelled' | 'failed';
  progress: number;
  result?: number;
  error?: string;
}

interface Entry {
  task: Task<number>;
  progress: number;
}

/** Long tasks that a web handler starts and answers for at once. */
export class LongTasks {
  private readonly entries = new Map<string, Entry>();
  private serial = 0;

  constructor(private readonly loop: AbstractEventLoop) {}

  /** Starts a task of `steps` steps and returns its id without waiting for it. */
  start(steps: number): string {
    const id = String(++this.serial);
    const entry: { progress: number; task?: Task<number> } = { progress: 0 };
    entry.task = this.loop.createTask(work(steps, entry), { name: `long-task-${id}` });
    this.entries.set(id, entry as Entry);
    return id;
  }

  report(id: string): TaskReport | null {
    const entry = this.entries.get(id);
    if (entry === undefined) return null;
    const { task, progress } = entry;
    if (!task.done()) return { id, state: 'running', progress };
    if (task.cancelled()) return { id, state: 'cancelled', progress };
    const error = task.exception();
    if (error != null) return { id, state: 'failed', progress, error: String(error) };
    return { id, state: 'finished', progress, result: task.result() };
  }

  /** Cancels a task; false when there is none with this id. */
  cancel(id: string): boolean {
    const entry = this.entries.get(id);
    entry?.task.cancel();
    return entry !== undefined;
  }

  get started(): number {
    return this.serial;
  }
}

/** Stands for real work: it gives way at every step, so it can be cancelled at every step. */
function* work(steps: number, entry: { progress: number }): Coroutine<number> {
  let sum = 0;
  for (let step = 1; step <= steps; step++) {
    yield* sleep(1);
    sum += step;
    entry.progress = step / steps;
  }
  return sum;
}
