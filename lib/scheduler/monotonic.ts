/** Milliseconds of the system's monotonic clock. Taken here once, so that test doubles for timers don't stop real loops. */
export const monotonicMs: () => number = performance.now.bind(performance);
