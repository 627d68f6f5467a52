/** Who wants to know of a signal's abort, in the order in which they asked. */
const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `listener` when `signal` is aborted. However many listen, the signal has one listener of ours while there are
 * any: Node warns of more than ten, and a server's shutdown signal may well have thousands.
 * Returns a function that takes it back; one function can listen to a signal once.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  let all = listeners.get(signal);
  if (all === undefined) {
    all = new Set();
    listeners.set(signal, all);
  }
  if (all.size === 0) signal.addEventListener('abort', aborted);
  all.add(listener);
  return () => {
    if (all.delete(listener) && all.size === 0) signal.removeEventListener('abort', aborted);
  };
}

function aborted(this: AbortSignal): void {
  const all = listeners.get(this);
  if (all === undefined) return;
  for (const listener of [...all]) if (all.has(listener)) listener();
}
