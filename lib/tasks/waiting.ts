import type { Driver } from './driver.ts';
import type { CancelReason } from './errors.ts';
import { Future } from './future.ts';

/**
 * How a cancellation comes. `request`: from `cancel()`, a timeout or a group; `shared`: the same, and others have got
 * it too; `scope`: from a cancel scope, which may have no say further down.
 */
export type CancelMode = 'request' | 'shared' | 'scope';

/** What a driver waits for: a future (a generator's `yield*`), awaits of async functions, drivers below, or several. */
export interface Waiting {
  /**
   * Cancels what is waited for. What has come already is kept from the one who waited: an await sees to that itself;
   * a future gives false, and its driver has to.
   */
  cancel(reason?: CancelReason, mode?: CancelMode): boolean;
  /** True for what is left alone when something else that the driver waits for can be cancelled. */
  readonly cancelledLast?: boolean;
  /** Adds the futures that are waited for to `futures`. */
  listFutures(futures: Future<unknown>[]): void;
  /** A request that is kept is not to be delivered any more. */
  forget?(): void;
  /** The driver has ended before this: `heir` waits for it now. */
  moveTo?(heir: Driver): void;
}

/** Several things that one driver waits for at the same time; they are cancelled together. */
export class WaitSet implements Waiting {
  readonly members = new Set<Waiting>();

  cancel(reason?: CancelReason, mode: CancelMode = 'request'): boolean {
    const all = [...this.members];
    const first = all.filter((member) => member.cancelledLast !== true);
    // Nothing but promises that were passed in?
    const members = first.length > 0 ? first : all;
    const memberMode = mode === 'request' && members.length > 1 ? 'shared' : mode;
    let accepted = true;
    for (const member of members) if (!member.cancel(reason, memberMode)) accepted = false;
    return accepted;
  }

  forget(): void {
    for (const member of this.members) member.forget?.();
  }

  listFutures(futures: Future<unknown>[]): void {
    for (const member of this.members) member.listFutures(futures);
  }
}

/** `waiting` and `more`. */
export function addWaiting(waiting: Waiting | null, more: Waiting): Waiting {
  if (waiting === null) return more;
  let set: WaitSet;
  if (waiting instanceof WaitSet) set = waiting;
  else {
    set = new WaitSet();
    set.members.add(waiting);
  }
  set.members.add(more);
  return set;
}

/** `waiting` without `member`. */
export function removeWaiting(waiting: Waiting | null, member: Waiting): Waiting | null {
  if (waiting === member) return null;
  if (waiting instanceof WaitSet) {
    waiting.members.delete(member);
    if (waiting.members.size === 1) return [...waiting.members][0]!;
  }
  return waiting;
}

/** `waiting` without the future that the driver's own generator waited for. */
export function removeOwnWaiting(waiting: Waiting): Waiting | null {
  if (waiting instanceof Future) return null;
  if (waiting instanceof WaitSet) {
    for (const member of waiting.members) if (member instanceof Future) return removeWaiting(waiting, member);
  }
  return waiting;
}

/** The futures in `waiting`. */
export function listFutures(waiting: Waiting | null): Future<unknown>[] {
  const futures: Future<unknown>[] = [];
  waiting?.listFutures(futures);
  return futures;
}

/** Everything in `waiting`. */
export function membersOf(waiting: Waiting | null): readonly Waiting[] {
  return waiting === null ? [] : waiting instanceof WaitSet ? [...waiting.members] : [waiting];
}
