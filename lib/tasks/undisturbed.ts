import type { Awaitable, Coroutine } from './awaitable.ts';
import { steppingTask } from './current-task.ts';

/** Waits without being disturbed by cancel scopes. `task.cancel()` still gets through. */
export function* undisturbed<T>(awaitable: Awaitable<T> | Coroutine<T>): Coroutine<T> {
  const extra = steppingTask()?.extra ?? null;
  if (extra === null) return yield* awaitable;
  extra.scopeShields++;
  try {
    return yield* awaitable;
  } finally {
    extra.scopeShields--;
  }
}
