export * from './loop/index.ts';
export * from './net/index.ts';
export { type Context, copyContext } from './scheduler/context.ts';
export { Handle, TimerHandle } from './scheduler/handle.ts';
export * from './sync/index.ts';
export * from './tasks/index.ts';
