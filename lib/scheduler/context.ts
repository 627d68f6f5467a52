import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/**
 * The values that every `AsyncLocalStorage` has for a task or a callback: what asyncio calls a context. A task and a
 * callback take a copy of the current one when they are made; what they then `enterWith` stays theirs.
 */
export interface Context {
  /** Calls `fn(...args)` inside this context; a change made by `enterWith` in there stays in this context. */
  run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R;
}

const options = { requireManualDestroy: true, triggerAsyncId: 1 };
const resourceType = 'coriolis.Context';

/** Node before 24: the values hang on the resource itself, so whatever is entered inside it persists. */
class ResourceContext extends AsyncResource implements Context {
  constructor() {
    super(resourceType, options);
  }

  run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
    return this.runInAsyncScope(fn as (...args: unknown[]) => R, undefined, ...args);
  }
}

/** Node 24 and later: the values are an immutable frame, so the frame that `fn` left behind has to be taken again. */
class FrameContext implements Context {
  private resource = new AsyncResource(resourceType, options);

  run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
    return this.resource.runInAsyncScope(() => {
      try {
        return fn(...args);
      } finally {
        this.resource = new AsyncResource(resourceType, options);
      }
    });
  }
}

/** Found out by trying: does what is entered inside a resource persist in it? */
function entriesPersist(): boolean {
  const storage = new AsyncLocalStorage<boolean>();
  const resource = new AsyncResource(resourceType, options);
  resource.runInAsyncScope(() => storage.enterWith(true));
  const persist = resource.runInAsyncScope(() => storage.getStore() === true);
  storage.disable();
  return persist;
}

const CurrentContext: new () => Context = entriesPersist() ? ResourceContext : FrameContext;

/** A copy of the current context, for the `context` option of tasks and callbacks (asyncio: `contextvars.copy_context`). */
export function copyContext(): Context {
  return new CurrentContext();
}

/** The context in which this module was loaded: what internal work runs in, so that no task's values leak into it. */
export const rootContext: Context = copyContext();
