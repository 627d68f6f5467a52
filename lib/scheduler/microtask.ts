const settled = Promise.resolve();

/** Calls `fn`, which must not throw, in a microtask. Cheaper than `queueMicrotask`, which makes an AsyncResource. */
export function microtask(fn: () => void): void {
  void settled.then(fn);
}
