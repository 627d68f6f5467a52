import { argumentType, checkCount, checkPort } from '../arguments.ts';
import { systemError } from '../native/errors.ts';
import { opcode } from '../native/layout.ts';
import { addon } from '../native/load.ts';
import type { NativePoller } from '../scheduler/native-poller.ts';
import type { OperationHandler } from '../scheduler/operations.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { onAbort } from '../tasks/abort-listeners.ts';
import type { Awaitable, Coroutine } from '../tasks/awaitable.ts';
import { coroutine } from '../tasks/coroutine.ts';
import { requireScheduler } from '../tasks/ensure.ts';
import { ErrorGroup } from '../tasks/errors.ts';
import { Future } from '../tasks/future.ts';
import { wrapPromise } from '../tasks/wrap-promise.ts';
import { numericAddress, resolveHost, type SocketAddress } from './address.ts';
import { requireNativePoller } from './require-native-poller.ts';
import { defaultLimit, Stream } from './stream.ts';

/** Room for any socket address. */
const addressBytes = 128;

/** What `openConnection` can be told. */
export interface ConnectOptions {
  /** Name or number; default `localhost`. */
  host?: string;
  port: number;
  /** Numeric address and port to connect from. */
  localAddress?: string;
  localPort?: number;
  /** Longest line, and most bytes before a separator, that the stream reads (bytes, default 65536). */
  limit?: number;
  /** Aborting it ends the attempt; the result is then rejected with the signal's reason. */
  signal?: AbortSignal;
}

/** One attempt. Owns the descriptor until it is handed over; cancelling it closes the descriptor. */
class Connecting extends Future<void> implements OperationHandler {
  private readonly poller: NativePoller;
  private readonly region: number;
  private closed = false;
  private unlisten: (() => void) | null = null;

  /** Owns nothing if this throws: no address that the system knows. */
  constructor(
    scheduler: Scheduler,
    private readonly fd: number,
    private readonly target: SocketAddress,
    private readonly signal: AbortSignal | undefined,
  ) {
    super(scheduler);
    this.poller = scheduler.poller as NativePoller;
    const { core, operations } = this.poller;
    const address = Buffer.allocUnsafeSlow(addressBytes);
    const length = addon.encodeAddress(address, target.address, target.port);
    this.region = core.pin(address);
    this.poller.descriptors.add(fd);
    operations.start(opcode.connect, this, fd, this.region, 0, length);
    if (signal !== undefined) this.unlisten = onAbort(signal, this.abort);
  }

  private readonly abort = (): void => {
    if (this.done()) return;
    this.setException(this.signal!.reason);
    this.closeDescriptor();
  };

  complete(result: number): void {
    this.poller.core.unpin(this.region);
    this.unlisten?.();
    if (this.done()) return;
    if (result >= 0) this.setResult(undefined);
    else {
      this.setException(systemError(result, 'connect', this.target));
      this.closeDescriptor();
    }
  }

  protected override onCancel(): void {
    this.unlisten?.();
    this.closeDescriptor();
  }

  /** Also cancels the connect, if it is still in flight. Idempotent: the number may be somebody else's at once. */
  closeDescriptor(): void {
    if (this.closed) return;
    this.closed = true;
    this.poller.closeDescriptor(this.fd);
  }
}

/**
 * Connects to a TCP server. The addresses of a host name are tried one after the other. (asyncio: `open_connection`)
 *
 * Cancelling the task that waits closes the socket.
 *
 * @throws (through the result) the system error, such as `ECONNREFUSED`, with `address` and `port`; an ErrorGroup
 *   when several addresses failed in different ways; `ENOTFOUND`; TypeError or RangeError for a wrong argument.
 */
export const openConnection: (options: ConnectOptions) => Awaitable<Stream> = coroutine(
  function* openConnection(options: ConnectOptions): Coroutine<Stream> {
    if (options === null || typeof options !== 'object') throw argumentType('options', 'object', options);
    const { host = 'localhost', port, localAddress, localPort = 0, limit = defaultLimit, signal } = options;
    if (typeof host !== 'string') throw argumentType('options.host', 'string', host);
    checkPort(port, 1);
    checkPort(localPort, 0);
    checkCount('limit', limit, 1);
    signal?.throwIfAborted();
    const scheduler = requireScheduler();
    requireNativePoller(scheduler);
    const numeric = numericAddress(host, port);
    const targets =
      numeric === null ? yield* wrapPromise(untilAborted(resolveHost(host, port), signal)) : [numeric];
    const failures: Error[] = [];
    for (const target of targets) {
      signal?.throwIfAborted();
      const fd = addon.socket(target.family, 'stream');
      let attempt: Connecting;
      try {
        addon.setOption(fd, 'noDelay', 1);
        if (localAddress !== undefined || localPort !== 0) {
          addon.bind(fd, localAddress ?? (target.family === 6 ? '::' : '0.0.0.0'), localPort);
        }
        attempt = new Connecting(scheduler, fd, target, signal);
      } catch (error) {
        addon.closeDescriptor(fd);
        failures.push(error as Error);
        continue;
      }
      try {
        yield* attempt;
      } catch (error) {
        if (attempt.cancelled() || (signal?.aborted ?? false) || !('syscall' in (error as Error))) {
          // Cancelled after the connection was made: nobody else knows of the descriptor.
          attempt.closeDescriptor();
          throw error;
        }
        failures.push(error as Error);
        continue;
      }
      return new Stream(scheduler, fd, limit);
    }
    if (failures.every(({ message }) => message === failures[0]!.message)) throw failures[0]!;
    throw new ErrorGroup('connecting to every address failed', failures);
  },
);

/** The resolver knows no signals: what it finds after the abort is dropped. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const unlisten = onAbort(signal, () => reject(signal.reason));
    promise.then(resolve, reject).finally(unlisten);
  });
}
