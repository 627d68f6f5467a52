import { Future } from './future.ts';

/** What a task waits for: a future (a generator's `yield*`), an await of its async functions, or several of these. */
export interface Waiting {
  /** Cancels what is waited for. False when that is done already, so that the cancellation has to be kept. */
  cancel(message?: string): boolean;
  /** True for what is left alone when something else that the task waits for can be cancelled. */
  readonly cancelledLast?: boolean;
}

/** Several things that one task waits for at the same time; they are cancelled together. */
export class WaitSet implements Waiting {
  readonly members = new Set<Waiting>();

  cancel(message?: string): boolean {
    const members = [...this.members];
    return (
      cancelThose(members, false, message) || // nothing but promises that were passed in:
      cancelThose(members, true, message)
    );
  }
}

function cancelThose(members: readonly Waiting[], last: boolean, message: string | undefined): boolean {
  let accepted = false;
  for (const member of members) {
    if ((member.cancelledLast === true) === last && member.cancel(message)) accepted = true;
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

/** `waiting` without the future that the task's own generator waited for: only awaits of async functions are left. */
export function removeOwnWaiting(waiting: Waiting): Waiting | null {
  if (waiting instanceof Future) return null;
  if (waiting instanceof WaitSet) {
    for (const member of waiting.members) if (member instanceof Future) return removeWaiting(waiting, member);
  }
  return waiting;
}

/** Everything in `waiting`. */
export function listWaiting(waiting: Waiting | null): readonly Waiting[] {
  return waiting === null ? [] : waiting instanceof WaitSet ? [...waiting.members] : [waiting];
}
