import type { Awaitable, Coroutine } from './awaitable.ts';
import { scopeOf } from './cancellation.ts';
import { steppingDriver } from './current-task.ts';

/** Waits without being disturbed by cancel scopes. `task.cancel()` still gets through. */
export function* undisturbed<T>(awaitable: Awaitable<T> | Coroutine<T>): Coroutine<T> {
  const driver = steppingDriver();
  if (driver === null || scopeOf(driver) === null) return yield* awaitable;
  const extra = driver.rare();
  extra.scopeShields++;
  try {
    return yield* awaitable;
  } finally {
    extra.scopeShields--;
  }
}
