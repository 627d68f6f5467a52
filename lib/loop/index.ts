import './default-loop.ts';

export { AbstractEventLoop, type Callback, type ExceptionHandler } from './abstract-event-loop.ts';
export { BaseEventLoop, type LoopOptions } from './base-event-loop.ts';
export { type Capabilities, capabilities } from './capabilities.ts';
export {
  DefaultEventLoopPolicy,
  type EventLoopPolicy,
  getEventLoop,
  getEventLoopPolicy,
  getRunningLoop,
  newEventLoop,
  setEventLoop,
  setEventLoopPolicy,
} from './policy.ts';
export { ProactorEventLoop } from './proactor-event-loop.ts';
export type { ResolvedAddress, ResolveOptions } from './resolve.ts';
export { KeyboardInterrupt, Runner, type RunnerOptions, run } from './runner.ts';
export { SelectorEventLoop } from './selector-event-loop.ts';
