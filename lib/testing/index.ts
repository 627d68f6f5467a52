export { DeadlockError } from './deadlock-error.ts';
export { type RunVirtualOptions, runVirtual } from './run-virtual.ts';
export { VirtualClock } from './virtual-clock.ts';
export { VirtualEventLoop } from './virtual-event-loop.ts';
