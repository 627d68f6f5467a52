import { argumentType } from '../arguments.ts';
import { BaseEventLoop } from '../loop/base-event-loop.ts';
import { VirtualClock } from './virtual-clock.ts';
import { VirtualPoller } from './virtual-poller.ts';

/**
 * An event loop on a virtual clock, without I/O of its own: for tests of tasks, timers and primitives. For a virtual
 * clock together with real sockets, give a backend's loop the clock: `new SelectorEventLoop({ clock })`.
 */
export class VirtualEventLoop extends BaseEventLoop {
  readonly clock: VirtualClock;
  private readonly poller: VirtualPoller;

  constructor(clock: VirtualClock = new VirtualClock()) {
    if (!(clock instanceof VirtualClock)) throw argumentType('clock', 'VirtualClock', clock);
    const poller = new VirtualPoller(clock);
    super('virtual', { poller });
    this.clock = clock;
    this.poller = poller;
  }

  /** How many passes the loop has begun: two events of one pass see the same number. */
  get passes(): number {
    return this.poller.passes;
  }
}
