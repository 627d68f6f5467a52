import { BaseEventLoop, type LoopOptions } from './base-event-loop.ts';
import { requireBackend } from './capabilities.ts';

/** Which selector this platform has. */
const selector = process.platform === 'linux' ? 'epoll' : 'kqueue';

/**
 * Waits for readiness with the platform's selector and then does the I/O itself: epoll on Linux, kqueue on macOS and
 * the BSDs. (asyncio: `SelectorEventLoop`)
 */
export class SelectorEventLoop extends BaseEventLoop {
  /** @throws Error (`ERR_BACKEND_UNAVAILABLE`) where there is no selector. */
  constructor(options: LoopOptions = {}) {
    requireBackend(selector);
    super(selector, options);
  }
}
