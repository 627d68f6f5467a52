import { argumentType, hasMethods } from '../arguments.ts';
import { noRunningLoop } from '../tasks/running-scheduler.ts';
import { AbstractEventLoop } from './abstract-event-loop.ts';
import { capabilities } from './capabilities.ts';
import { ProactorEventLoop } from './proactor-event-loop.ts';
import { runningLoop } from './running-loop.ts';
import { SelectorEventLoop } from './selector-event-loop.ts';

/** Decides which loop this thread has, and of what kind new loops are (asyncio: `AbstractEventLoopPolicy`). */
export interface EventLoopPolicy {
  /** The loop set for this thread; makes one if there is none. */
  getEventLoop(): AbstractEventLoop;
  /** Sets the loop of this thread; null: none, so that the next `getEventLoop` makes one. */
  setEventLoop(loop: AbstractEventLoop | null): void;
  /** Makes a loop, without setting it. */
  newEventLoop(): AbstractEventLoop;
}

/**
 * io_uring where it works, otherwise the platform's selector; `CORIOLIS_LOOP=io_uring|epoll|kqueue|iocp` overrides.
 * (asyncio: `DefaultEventLoopPolicy`)
 */
export class DefaultEventLoopPolicy implements EventLoopPolicy {
  private loop: AbstractEventLoop | null = null;

  getEventLoop(): AbstractEventLoop {
    // Unlike asyncio since 3.14 this makes a loop where none was set: a Node program has no `asyncio.run` around it.
    if (this.loop === null || this.loop.isClosed()) this.loop = this.newEventLoop();
    return this.loop;
  }

  setEventLoop(loop: AbstractEventLoop | null): void {
    if (loop !== null && !(loop instanceof AbstractEventLoop)) {
      throw argumentType('loop', 'AbstractEventLoop or null', loop);
    }
    this.loop = loop;
  }

  newEventLoop(): AbstractEventLoop {
    const backend = capabilities().default;
    return backend === 'io_uring' || backend === 'iocp' ? new ProactorEventLoop() : new SelectorEventLoop();
  }
}

let policy: EventLoopPolicy = new DefaultEventLoopPolicy();

/** This thread's policy. (asyncio: `get_event_loop_policy`) */
export function getEventLoopPolicy(): EventLoopPolicy {
  return policy;
}

/**
 * `null` restores the default. Each thread has a policy of its own.
 * @throws TypeError for an object that lacks one of a policy's methods
 */
export function setEventLoopPolicy(newPolicy: EventLoopPolicy | null): void {
  if (newPolicy !== null && !hasMethods(newPolicy, 'getEventLoop', 'setEventLoop', 'newEventLoop'))
    throw argumentType('policy', 'EventLoopPolicy or null', newPolicy);
  policy = newPolicy ?? new DefaultEventLoopPolicy();
}

/** A new loop of the policy's kind. It is not set as this thread's loop. */
export function newEventLoop(): AbstractEventLoop {
  return policy.newEventLoop();
}

/** Sets what `getEventLoop()` returns outside of a running loop. */
export function setEventLoop(loop: AbstractEventLoop | null): void {
  policy.setEventLoop(loop);
}

/** The running loop; where none runs, the policy's, which is made if need be. (asyncio: `get_event_loop`) */
export function getEventLoop(): AbstractEventLoop {
  return runningLoop() ?? policy.getEventLoop();
}

/**
 * The loop that runs the code at hand: that of the current task or callback, or else, in ordinary Node code, the
 * loop of this thread that was started last and still runs. (asyncio: `get_running_loop`)
 *
 * @throws Error (`ERR_NO_RUNNING_LOOP`) when none runs.
 */
export function getRunningLoop(): AbstractEventLoop {
  const loop = runningLoop();
  if (loop === null) throw noRunningLoop();
  return loop;
}
