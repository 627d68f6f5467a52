export * from './loop/index.ts';
export type { BackendReport } from './native/addon.ts';
export * from './net/index.ts';
export { type Context, copyContext } from './scheduler/context.ts';
export { Handle, TimerHandle } from './scheduler/handle.ts';
export type { Clock } from './scheduler/native-poller.ts';
export type { ErrorContext } from './scheduler/scheduler.ts';
export * from './sync/index.ts';
export * from './tasks/index.ts';
