import { errno, systemError } from '../native/errors.ts';
import { flag, opcode } from '../native/layout.ts';
import { addon } from '../native/load.ts';
import type { TimerHandle } from '../scheduler/handle.ts';
import type { NativePoller } from '../scheduler/native-poller.ts';
import type { OperationHandler } from '../scheduler/operations.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { SocketAddress } from './address.ts';

/** How long accepting stops when the process or the system has no descriptors or memory left (asyncio's delay). */
const exhaustedDelayMs = 1000;

/** Errors that are about one connection, which is gone; the next one may be all right. */
const transient: readonly number[] = [errno.ECONNABORTED, errno.EINTR];
/** Errors that pass when somebody closes something. */
const exhausted: readonly number[] = [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM];

/** What a listening socket needs to know. */
export interface ListenOptions {
  readonly backlog: number;
  readonly reusePort: boolean;
}

/** One listening socket and its multishot accept. */
export class Listener implements OperationHandler {
  readonly address: SocketAddress;
  private closed = false;
  private retry: TimerHandle | null = null;

  private constructor(
    private readonly scheduler: Scheduler,
    private readonly fd: number,
    private readonly onConnection: (fd: number) => void,
  ) {
    this.address = addon.localAddress(fd);
    this.poller.descriptors.add(fd);
  }

  /** Binds and listens; accepts nothing before `start`. @throws the system error of bind or listen. */
  static open(
    scheduler: Scheduler,
    address: SocketAddress,
    v6Only: boolean,
    options: ListenOptions,
    onConnection: (fd: number) => void,
  ): Listener {
    const fd = addon.socket(address.family, 'stream');
    try {
      addon.setOption(fd, 'reuseAddress', 1);
      if (options.reusePort) addon.setOption(fd, 'reusePort', 1);
      if (address.family === 6) addon.setOption(fd, 'v6Only', v6Only ? 1 : 0);
      // Accepted sockets inherit it (tcp(7)), which saves a system call for each of them.
      addon.setOption(fd, 'noDelay', 1);
      addon.bind(fd, address.address, address.port);
      addon.listen(fd, options.backlog);
      return new Listener(scheduler, fd, onConnection);
    } catch (error) {
      addon.closeDescriptor(fd);
      throw error;
    }
  }

  private get poller(): NativePoller {
    return this.scheduler.poller as NativePoller;
  }

  start(): void {
    if (!this.closed) this.poller.operations.start(opcode.accept, this, this.fd);
  }

  complete(result: number, flags: number): void {
    const last = (flags & flag.more) === 0;
    if (result >= 0) {
      if (this.closed) addon.closeDescriptor(result);
      else this.onConnection(result);
      if (last) this.start();
      return;
    }
    if (this.closed) return;
    if (transient.includes(result)) this.start();
    else if (exhausted.includes(result)) this.backOff(result);
    else {
      this.scheduler.reportError({
        message: 'Accepting connections failed; the server no longer listens',
        exception: systemError(result, 'accept', this.address),
        server: this.address,
      });
    }
  }

  /** The connection stays in the backlog; try again when somebody may have closed something. */
  private backOff(result: number): void {
    this.scheduler.reportError({
      message: 'Accepting connections stopped for a second: out of system resources',
      exception: systemError(result, 'accept', this.address),
      server: this.address,
      recovered: true,
    });
    this.retry = this.scheduler.callLater(exhaustedDelayMs, () => this.start(), [], null);
  }

  /** Stops to listen. Idempotent. */
  close(onClosed: () => void): void {
    if (this.closed) return onClosed();
    this.closed = true;
    if (this.scheduler.isClosed) return onClosed();
    this.retry?.cancel();
    this.poller.closeDescriptor(this.fd, { complete: onClosed });
  }
}
