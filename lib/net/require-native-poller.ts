import { NativePoller } from '../scheduler/native-poller.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';

/** @throws Error on a scheduler that cannot do I/O, such as the one of a virtual run. */
export function requireNativePoller(scheduler: Scheduler): NativePoller {
  const { poller } = scheduler;
  if (poller instanceof NativePoller) return poller;
  throw Object.assign(new Error('this event loop has no sockets: it runs on a virtual clock'), {
    code: 'ERR_NO_SOCKETS',
  });
}
