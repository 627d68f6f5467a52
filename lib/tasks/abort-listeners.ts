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

/**
 * A signal that is aborted as soon as one of `signals` is, until `release` is called. `AbortSignal.any` has no such
 * end: what it makes leaves a trace in each signal it was made of, for as long as that lives.
 */
export function anySignal(signals: readonly AbortSignal[]): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const removals: (() => void)[] = [];
  const release = () => {
    for (const remove of removals.splice(0)) remove();
  };
  for (const signal of signals) {
    const abort = () => {
      release();
      controller.abort(signal.reason);
    };
    if (signal.aborted) abort();
    else if (!controller.signal.aborted) removals.push(onAbort(signal, abort));
  }
  return { signal: controller.signal, release };
}

function aborted(this: AbortSignal): void {
  const all = listeners.get(this);
  if (all === undefined) return;
  for (const listener of [...all]) if (all.has(listener)) listener();
}
