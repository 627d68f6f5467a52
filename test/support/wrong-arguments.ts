import { expect } from 'vitest';

/** What a JavaScript program may pass in spite of the types. */
// biome-ignore lint/suspicious/noExplicitAny: that is the point
export const wrong = (value: unknown): any => value;

/** Matches Node's kind of TypeError, which names the argument and tells what was received. */
export const typeError = (name: string, received = '') =>
  expect.objectContaining({
    name: 'TypeError',
    code: 'ERR_INVALID_ARG_TYPE',
    message: expect.stringMatching(new RegExp(`"${name}" argument .*Received ${received}`)),
  });
