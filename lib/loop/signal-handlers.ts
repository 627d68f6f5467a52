import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { argumentRange, argumentType } from '../arguments.ts';
import { copyContext } from '../scheduler/context.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';

/** Signals that the system lets nobody handle. */
const unhandleable: readonly string[] = ['SIGKILL', 'SIGSTOP'];

/** `addSignalHandler`: Node receives the signal, the callback runs as a handle of the loop. */
export class SignalHandlers {
  private readonly listeners = new Map<NodeJS.Signals, () => void>();

  constructor(private readonly scheduler: Scheduler) {}

  add(signal: NodeJS.Signals, callback: (...args: never[]) => unknown, args: unknown[]): void {
    if (typeof callback !== 'function') throw argumentType('callback', 'function', callback);
    if (runsLater(callback)) {
      throw new TypeError('Coroutines cannot be signal handlers: use a function that creates a task');
    }
    this.check(signal);
    if (!isMainThread) throw new Error('Signals can only be handled in the main thread');
    this.remove(signal);
    const context = copyContext();
    const listener = () => {
      if (!this.scheduler.isClosed) this.scheduler.callSoon(callback, args, context);
    };
    this.listeners.set(signal, listener);
    process.on(signal, listener);
  }

  remove(signal: NodeJS.Signals): boolean {
    this.check(signal);
    const listener = this.listeners.get(signal);
    if (listener === undefined) return false;
    process.off(signal, listener);
    return this.listeners.delete(signal);
  }

  removeAll(): void {
    for (const signal of [...this.listeners.keys()]) this.remove(signal);
  }

  private check(signal: unknown): void {
    if (typeof signal !== 'string') throw argumentType('signal', 'string', signal);
    if (!(signal in constants.signals) || unhandleable.includes(signal)) {
      throw argumentRange('signal', 'a signal that can be handled', signal);
    }
  }
}

function runsLater(callback: unknown): boolean {
  const kind = Object.prototype.toString.call(callback);
  return kind === '[object AsyncFunction]' || kind === '[object GeneratorFunction]';
}
