import { argumentType, checkCount, checkPort } from '../arguments.ts';
import { rootContext } from '../scheduler/context.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { onAbort } from '../tasks/abort-listeners.ts';
import type { Awaitable, Coroutine } from '../tasks/awaitable.ts';
import { coroutine } from '../tasks/coroutine.ts';
import { requireScheduler } from '../tasks/ensure.ts';
import { Future } from '../tasks/future.ts';
import { Task } from '../tasks/task.ts';
import { wrapPromise } from '../tasks/wrap-promise.ts';
import { numericAddress, resolveHost, type SocketAddress } from './address.ts';
import { Listener, type ListenOptions } from './listener.ts';
import { requireNativePoller } from './require-native-poller.ts';
import { defaultLimit, Stream } from './stream.ts';
import { isStreamClosed } from './stream-errors.ts';

/** Serves one connection: a generator function or an async function. The stream is closed when it has ended. */
export type ConnectionHandler = (stream: Stream) => Coroutine<void> | PromiseLike<void> | void;

/** What `startServer` can be told. */
export interface ServerOptions {
  /** Name or number of the interface to listen on; by default all of them, IPv6 and IPv4. */
  host?: string;
  /** 0, the default, takes any free port: see `server.addresses`. */
  port?: number;
  /** Connections the kernel keeps waiting; the system may lower it. Default 511, as in node:net. */
  backlog?: number;
  /** Lets several processes listen on the same port, the kernel spreading connections (SO_REUSEPORT). */
  reusePort?: boolean;
  /** Longest line, and most bytes before a separator, that streams read (bytes, default 65536). */
  limit?: number;
  /** Closes the server when aborted. */
  signal?: AbortSignal;
}

/** A listening server (asyncio: `Server`). */
export class Server implements AsyncDisposable {
  private readonly listeners: Listener[] = [];
  private readonly streams = new Set<Stream>();
  /** Streams that the server itself has closed. */
  private readonly dismissed = new WeakSet<Stream>();
  private readonly waiters: Future<void>[] = [];
  private openListeners = 0;
  private serving = true;
  private stopObservingSignal: (() => void) | null = null;

  /** Servers come from `startServer`. @internal */
  constructor(
    private readonly scheduler: Scheduler,
    private readonly handler: ConnectionHandler,
    private readonly limit: number,
  ) {}

  /** @internal */
  listen(address: SocketAddress, v6Only: boolean, options: ListenOptions): Listener {
    const listener = Listener.open(this.scheduler, address, v6Only, options, this.onConnection);
    this.listeners.push(listener);
    this.openListeners++;
    return listener;
  }

  /** @internal */
  start(): void {
    for (const listener of this.listeners) listener.start();
  }

  /** @internal */
  closeWhenAborted(signal: AbortSignal): void {
    this.stopObservingSignal = onAbort(signal, () => this.close());
  }

  /** Where the server listens. Empty once it is closed. */
  get addresses(): readonly SocketAddress[] {
    return this.serving ? this.listeners.map(({ address }) => address) : [];
  }

  /** Open connections. */
  get connections(): number {
    return this.streams.size;
  }

  /** True until `close()`. */
  isServing(): boolean {
    return this.serving;
  }

  private readonly onConnection = (fd: number): void => {
    const stream = new Stream(this.scheduler, fd, this.limit, this.onStreamClosed);
    this.streams.add(stream);
    const task = new Task<void>(this.scheduler, () => this.handler(stream) as Coroutine<void>);
    task.addDoneCallback(() => this.finish(task, stream), { context: rootContext });
  };

  private finish(task: Task<void>, stream: Stream): void {
    const failure = task.cancelled() ? null : task.takeFailure();
    if (failure === null) {
      stream.close();
      return;
    }
    const { error } = failure;
    // That a peer breaks its connection is no fault of the handler's and must not bring the server down; and a
    // handler whose connection the server itself closed may well trip over that.
    const expected = stream.brokeWith(error) || (this.dismissed.has(stream) && isStreamClosed(error));
    stream.abort();
    if (expected) return;
    this.scheduler.reportError({
      message: 'Unhandled exception in a connection handler',
      exception: error,
      task,
      stream,
    });
  }

  private readonly onStreamClosed = (stream: Stream): void => {
    this.streams.delete(stream);
    this.settleWaiters();
  };

  /** Stops listening; open connections go on. Idempotent. (asyncio: `Server.close`) */
  close(): void {
    if (!this.serving) return;
    this.serving = false;
    this.stopObservingSignal?.();
    for (const listener of this.listeners) {
      listener.close(() => {
        this.openListeners--;
        this.settleWaiters();
      });
    }
  }

  /** Closes every open connection once its unsent data are out. (asyncio: `Server.close_clients`) */
  closeClients(): void {
    for (const stream of this.streams) {
      this.dismissed.add(stream);
      stream.close();
    }
  }

  /** Closes every open connection at once. (asyncio: `Server.abort_clients`) */
  abortClients(): void {
    for (const stream of this.streams) {
      this.dismissed.add(stream);
      stream.abort();
    }
  }

  /** Resolves when the server is closed and every connection has ended. (asyncio: `Server.wait_closed`) */
  waitClosed(): Awaitable<void> {
    const waiter = new Future<void>(this.scheduler);
    this.waiters.push(waiter);
    this.settleWaiters();
    return waiter;
  }

  private settleWaiters(): void {
    const over =
      this.scheduler.isClosed || !(this.serving || this.openListeners > 0 || this.streams.size > 0);
    if (!over) return;
    for (const waiter of this.waiters.splice(0)) if (!waiter.done()) waiter.setResult(undefined);
  }

  /** Stops listening and waits for the connections to end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.waitClosed();
  }
}

/**
 * Listens for TCP connections and runs `handler` as a task of its own for each. (asyncio: `start_server`)
 *
 * What the handler throws goes to the loop's exception handler and aborts that connection, except the error with
 * which the peer broke it (`ECONNRESET`, `EPIPE`), which concerns nobody else; a cancelled or finished handler closes
 * the connection.
 *
 * @throws (through the result) the system error of bind or listen, such as `EADDRINUSE`; `ENOTFOUND` for a host name
 *   nobody knows; TypeError or RangeError for a wrong argument.
 */
export const startServer: (handler: ConnectionHandler, options?: ServerOptions) => Awaitable<Server> =
  coroutine(function* startServer(
    handler: ConnectionHandler,
    options: ServerOptions = {},
  ): Coroutine<Server> {
    if (typeof handler !== 'function') throw argumentType('handler', 'function', handler);
    const { host, port = 0, backlog = 511, reusePort = false, limit = defaultLimit, signal } = options;
    if (host !== undefined && typeof host !== 'string') throw argumentType('options.host', 'string', host);
    checkPort(port, 0);
    checkCount('backlog', backlog, 1);
    checkCount('limit', limit, 1);
    signal?.throwIfAborted();
    const scheduler = requireScheduler();
    requireNativePoller(scheduler);
    const server = new Server(scheduler, handler, limit);
    const listenOptions = { backlog, reusePort };
    try {
      if (host === undefined || host === '') listenEverywhere(server, port, listenOptions);
      else {
        const numeric = numericAddress(host, port);
        const addresses = numeric === null ? yield* wrapPromise(resolveHost(host, port)) : [numeric];
        let boundPort = port;
        for (const address of addresses) {
          boundPort = server.listen({ ...address, port: boundPort }, true, listenOptions).address.port;
        }
      }
      signal?.throwIfAborted();
    } catch (error) {
      server.close();
      throw error;
    }
    server.start();
    if (signal !== undefined) server.closeWhenAborted(signal);
    return server;
  });

/** One socket for both families where IPv6 exists, as in node:net. */
function listenEverywhere(server: Server, port: number, options: ListenOptions): void {
  try {
    server.listen({ address: '::', family: 6, port }, false, options);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL') throw error;
    server.listen({ address: '0.0.0.0', family: 4, port }, false, options);
  }
}
