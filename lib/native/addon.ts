/** What the C++ core exports: the types of `coriolis.node`. Only this folder touches them. */

/** A backend that works on this machine, or why it does not. */
export interface BackendReport {
  /** 'io_uring', 'epoll', ... */
  readonly name: string;
  readonly available: boolean;
  /** Why it is not available: the call that failed and its error, such as `io_uring_setup: EPERM`. */
  readonly reason?: string;
  /** What the backend found: setup flags in use, features such as 'incremental buffers'. */
  readonly features: readonly string[];
}

/** One proactor in its host: a guest of the libuv loop of this thread. */
export interface Core {
  /**
   * Starts what the submission ring holds and moves completions into the completion ring, without waiting.
   * Returns the number of completions that are there to be read.
   */
  poll(): number;
  /** Keeps the process alive (true) or lets it end (false). A new core does not keep it alive. */
  setReferenced(referenced: boolean): void;
  /** Gives the receive pool one more slab (layout.poolSlabBuffers buffers); the next index is the number so far. */
  addPoolSlab(slab: ArrayBuffer): void;
  /** Registers a user's memory as a region and keeps it until `unpin`. Returns the region. */
  pin(view: ArrayBufferView): number;
  unpin(region: number): void;
  /** Cancels everything, waits for the kernel to let go of all memory, frees the descriptors. Idempotent. */
  close(): void;
}

export interface CoreOptions {
  readonly backend: string;
  readonly exchange: ArrayBuffer;
  readonly arena: ArrayBuffer;
  /** Reads loop time (ms, of CLOCK_MONOTONIC): the core calls it now, to relate deadlines to its own clock. */
  readonly now: () => number;
  /** Called by the host, once a turn, with nothing on the stack: harvested completions are in the ring. */
  readonly dispatch: () => void;
}

/** Synchronous socket calls. Those that fail throw an Error with `code`, `errno` and `syscall`. */
export interface SocketCalls {
  /** A non-blocking, close-on-exec socket. family 4 or 6, type 'stream' or 'datagram'. */
  socket(family: number, type: string): number;
  /** Closes a descriptor at once; only for those that no operation was ever submitted for. */
  closeDescriptor(fd: number): void;
  bind(fd: number, address: string, port: number): void;
  listen(fd: number, backlog: number): void;
  localAddress(fd: number): { address: string; family: 4 | 6; port: number };
  remoteAddress(fd: number): { address: string; family: 4 | 6; port: number };
  /** Options by name: 'reuseAddress', 'reusePort', 'noDelay', 'keepAlive', 'v6Only', 'receiveBufferSize', 'sendBufferSize', and 'lingerReset' (close sends RST). */
  setOption(fd: number, name: string, value: number): void;
  /** Writes the sockaddr for kConnect into target; returns its length. An IPv6 zone ("fe80::1%eth0") is honoured. */
  encodeAddress(target: Uint8Array, address: string, port: number): number;
}

export interface Addon extends SocketCalls {
  Core: new (options: CoreOptions) => Core;
  /** Every backend this build knows; probed once per process and kept. */
  backends(): BackendReport[];
  /** Node's name for a negative errno ('ECONNRESET') and its message ('connection reset by peer'). */
  errorName(errno: number): string;
  errorMessage(errno: number): string;
}
