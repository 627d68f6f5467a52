import { fstatSync } from 'node:fs';
import { argumentType, checkCount } from '../arguments.ts';
import { opcode } from '../native/layout.ts';
import { copyContext } from '../scheduler/context.ts';
import type { Handle, Runnable } from '../scheduler/handle.ts';
import type { OperationHandler, Operations } from '../scheduler/operations.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';

const readable = 1;
const writable = 4;

/**
 * One direction of a watched descriptor. Level-triggered, as in asyncio: polling starts again just before
 * the callback, and the core looks at the descriptor in the next poll phase, after the callback has run.
 */
class Watch implements OperationHandler, Runnable {
  private slot = -1;
  private removed = false;
  private queued: Handle | null = null;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly operations: Operations,
    private readonly fd: number,
    private readonly events: number,
    private readonly queue: () => Handle,
  ) {
    this.run();
  }

  /** Polls. */
  run(): void {
    if (this.removed) return;
    this.slot = this.operations.start(opcode.poll, this, this.fd, 0, 0, 0, this.events);
  }

  complete(result: number): void {
    this.slot = -1;
    if (this.removed) return;
    // Not at once: in a loop that nobody runs, the same readiness would be reported without end.
    if (result >= 0) this.scheduler.pushReady(this);
    this.queued = this.queue();
  }

  remove(): void {
    this.removed = true;
    this.queued?.cancel();
    if (this.slot >= 0) this.operations.cancel(this.slot);
  }
}

/** `addReader` and its kin: at most one reader and one writer a descriptor. */
export class DescriptorWatcher {
  private readonly readers = new Map<number, Watch>();
  private readonly writers = new Map<number, Watch>();

  constructor(
    private readonly scheduler: Scheduler,
    private readonly operations: Operations,
  ) {}

  addReader(fd: number, callback: (...args: never[]) => unknown, args: unknown[]): void {
    this.add(this.readers, fd, readable, callback, args);
  }

  removeReader(fd: number): boolean {
    return this.remove(this.readers, fd);
  }

  addWriter(fd: number, callback: (...args: never[]) => unknown, args: unknown[]): void {
    this.add(this.writers, fd, writable, callback, args);
  }

  removeWriter(fd: number): boolean {
    return this.remove(this.writers, fd);
  }

  private add(
    watches: Map<number, Watch>,
    fd: number,
    events: number,
    callback: (...args: never[]) => unknown,
    args: unknown[],
  ): void {
    checkCount('fd', fd, 0);
    if (typeof callback !== 'function') throw argumentType('callback', 'function', callback);
    fstatSync(fd); // throws EBADF here rather than in some later pass
    const context = copyContext();
    this.remove(watches, fd);
    const queue = () => this.scheduler.callSoon(callback, args, context);
    watches.set(fd, new Watch(this.scheduler, this.operations, fd, events, queue));
  }

  private remove(watches: Map<number, Watch>, fd: number): boolean {
    watches.get(fd)?.remove();
    return watches.delete(fd);
  }
}
