import { checkFunction } from '../arguments.ts';
import {
  type Awaitable,
  type Body,
  type Coroutine,
  checkUnclaimed,
  isAwaitable,
  isCoroutine,
  isThenable,
} from './awaitable.ts';
import { isGeneratorFunction } from './coroutine-functions.ts';
import { claimContext, enterStep, steppingDriver, trackAsyncFunctions } from './current-task.ts';
import { Delegation, isGenerator } from './generators.ts';
import { PromiseWait } from './promise-wait.ts';

/** Calls a body as part of the running task, whatever kind of function it is. */
export function* runBody<A extends unknown[], T>(body: Body<A, T>, ...args: A): Coroutine<T> {
  return yield* inline(isGeneratorFunction(body) ? body(...args) : callAsync(body, args));
}

function callAsync<A extends unknown[], T>(body: Body<A, T>, args: A): ReturnType<Body<A, T>> {
  checkFunction('body', body);
  trackAsyncFunctions();
  const driver = steppingDriver();
  claimContext(driver);
  // What an async function does before its first await is not the generator's.
  enterStep(null);
  try {
    return body(...args);
  } finally {
    enterStep(driver);
  }
}

/** Waits for anything awaitable as part of the running task; other values are given back as they are. */
export function* inline<T>(value: Coroutine<T> | Awaitable<T> | PromiseLike<T> | T): Coroutine<T> {
  if (isCoroutine(value)) {
    checkUnclaimed(value);
    return yield* isGenerator(value) ? new Delegation(value as Coroutine<T>) : (value as Coroutine<T>);
  }
  if (isAwaitable(value)) return yield* value as unknown as Coroutine<T>;
  if (isThenable(value)) return yield* new PromiseWait(value as PromiseLike<T>);
  return value as T;
}
