import type { Runnable } from '../scheduler/handle.ts';
import type { Driver } from './driver.ts';
import type { CancelReason } from './errors.ts';
import type { Future } from './future.ts';
import type { CancelMode, Waiting } from './waiting.ts';

type Fulfilled<T> = ((value: T) => unknown) | null | undefined;
type Rejected = ((error: unknown) => unknown) | null | undefined;

/**
 * One `await` of an async function (or one `then` call): what settles it. A task can have several at the same time,
 * for instance below a `Promise.all`.
 *
 * It is also what `then` returns. A native `await` ignores that, so the promise of a chained `then` is only made when
 * somebody asks for it.
 */
export abstract class AsyncStrand<T> implements Runnable, Waiting, PromiseLike<unknown> {
  private chain: { resolve(value: unknown): void; reject(error: unknown): void } | null = null;
  private promise: Promise<unknown> | null = null;
  private outcome: unknown = undefined;
  private settled = false;

  constructor(
    /** Whose async function awaits; null outside any task. */
    public parent: Driver | null,
    private readonly onFulfilled: Fulfilled<T>,
    private readonly onRejected: Rejected,
  ) {}

  get awaiter(): Future<unknown> | null {
    return this.parent?.owner ?? null;
  }

  abstract run(): void;

  moveTo(heir: Driver): void {
    this.parent = heir;
  }

  /** Cancels what is awaited. False when that is done already. */
  abstract cancel(reason?: CancelReason, mode?: CancelMode): boolean;

  abstract listFutures(futures: Future<unknown>[]): void;

  then<R1 = unknown, R2 = never>(
    onFulfilled?: ((value: unknown) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((error: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2> {
    this.promise ??= this.settled
      ? Promise.resolve(this.outcome)
      : new Promise((resolve, reject) => {
          this.chain = { resolve, reject };
        });
    return this.promise.then(onFulfilled, onRejected);
  }

  catch<R = never>(onRejected: (error: unknown) => R | PromiseLike<R>): Promise<unknown> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally: () => void): Promise<unknown> {
    return Promise.resolve(this).finally(onFinally);
  }

  protected fulfill(value: T): void {
    if (typeof this.onFulfilled !== 'function') this.resolveChain(value);
    else this.settle(this.onFulfilled, value);
  }

  protected reject(error: unknown): void {
    if (typeof this.onRejected !== 'function') this.rejectChain(error);
    else this.settle(this.onRejected, error);
  }

  private settle<V>(handler: (value: V) => unknown, value: V): void {
    let result: unknown;
    try {
      result = handler(value);
    } catch (error) {
      this.rejectChain(error);
      return;
    }
    this.resolveChain(result);
  }

  private resolveChain(value: unknown): void {
    this.settled = true;
    if (this.chain !== null) this.chain.resolve(value);
    else this.outcome = value;
  }

  /** As with a promise, a failure that nobody handles is an unhandled rejection. */
  private rejectChain(error: unknown): void {
    this.settled = true;
    if (this.chain !== null) this.chain.reject(error);
    else this.promise = Promise.reject(error);
  }
}
