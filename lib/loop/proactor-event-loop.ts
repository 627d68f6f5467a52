import { BaseEventLoop, type LoopOptions } from './base-event-loop.ts';
import { requireBackend } from './capabilities.ts';

/** Which proactor this platform has. */
const proactor = process.platform === 'win32' ? 'iocp' : 'io_uring';

/**
 * Has the kernel do the I/O and waits for its completion: io_uring on Linux, I/O completion ports on Windows.
 * (asyncio: `ProactorEventLoop`)
 */
export class ProactorEventLoop extends BaseEventLoop {
  /** @throws Error (`ERR_BACKEND_UNAVAILABLE`) with the kernel's reason where it refuses. */
  constructor(options: LoopOptions = {}) {
    requireBackend(proactor);
    super(proactor, options);
  }
}
