import type { CancelReason } from './errors.ts';
import { Future } from './future.ts';

/** What a driver waits for: a future (a generator's `yield*`), awaits of async functions, drivers below, or several. */
export interface Waiting {
  /**
   * Cancels what is waited for. False when that is done already, so that the cancellation has to be kept. `byScope`: a
   * cancel scope wants it, which may have no say further down.
   */
  cancel(reason?: CancelReason, byScope?: boolean): boolean;
  /** True for what is left alone when something else that the driver waits for can be cancelled. */
  readonly cancelledLast?: boolean;
  /** Adds the futures that are waited for to `futures`. */
  listFutures(futures: Future<unknown>[]): void;
}

/** Several things that one driver waits for at the same time; they are cancelled together. */
export class WaitSet implements Waiting {
  readonly members = new Set<Waiting>();

  cancel(reason?: CancelReason, byScope?: boolean): boolean {
    const members = [...this.members];
    return (
      cancelThose(members, false, reason, byScope) || // nothing but promises that were passed in:
      cancelThose(members, true, reason, byScope)
    );
  }

  listFutures(futures: Future<unknown>[]): void {
    for (const member of this.members) member.listFutures(futures);
  }
}

function cancelThose(
  members: readonly Waiting[],
  last: boolean,
  reason: CancelReason,
  byScope: boolean | undefined,
): boolean {
  let accepted = false;
  for (const member of members) {
    if ((member.cancelledLast === true) === last && member.cancel(reason, byScope)) accepted = true;
  }
  return accepted;
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
