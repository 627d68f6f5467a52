import type { CancelScope } from './cancel-scope.ts';
import type { Driver } from './driver.ts';
import { CancelledError, type CancelReason, cancelledError } from './errors.ts';
import type { Task } from './task.ts';
import { addWaiting, type CancelMode, membersOf, removeWaiting, type Waiting } from './waiting.ts';

// Further bits of a task's `Future.flags`; other drivers have these alone.

/** The generator runs in the next pass, and waits for nothing until then: a bare pass. */
export const passing = 64;
/** The promise of the generator's async body has settled: the next step hands that over, whatever is requested. */
export const bodySettled = 128;
/** A cancellation was asked for and waits for the next step or suspension. */
export const mustCancel = 256;
/** That cancellation has reached others too, so that it may be forgotten with the driver. */
const sharedCancel = 512;
/** A cancel scope wants the same; unlike a request it is not counted, and it is void once the scope is left. */
export const scopeCancel = 1024;
/** The bits above count cancellation requests: of a task all, of any other driver those addressed to it. */
export const cancelUnit = 2048;

/** Cancels what goes on in `driver`, or, if nothing waits there, what will next wait. */
export function requestCancel(driver: Driver, reason?: CancelReason): void {
  driver.flags += cancelUnit;
  if (driver.parent !== null) countBelow(driver.owner, 1);
  deliverRequest(driver, reason, 'request');
}

/** The driver runs, and has been told of a request, which is to be delivered again where it next waits. */
export function requestAgain(driver: Driver, reason?: CancelReason): void {
  takeRequestBack(driver);
  driver.flags += cancelUnit;
  if (driver.parent !== null) countBelow(driver.owner, 1);
  driver.flags |= mustCancel;
  if (reason !== undefined || driver.extra !== null) driver.rare().cancelReason = reason;
}

/** A request that is addressed to `driver`, or to one above, reaches what goes on in it. */
export function deliverRequest(driver: Driver, reason: CancelReason, mode: CancelMode): void {
  const { waitingFor } = driver;
  if (waitingFor === null || !waitingFor.cancel(reason, mode) || (driver.flags & passing) !== 0) {
    driver.flags |= mode === 'shared' ? mustCancel | sharedCancel : mustCancel;
    if (reason !== undefined || driver.extra !== null) driver.rare().cancelReason = reason;
  }
  driver.extra?.controller?.abort(cancelledError(reason));
}

/** A cancel scope around `driver` was cancelled: whatever waits there fails. */
export function cancelByScope(driver: Driver): void {
  // What has come already is not taken away: the next wait will fail.
  if (driver.waitingFor === null || (driver.flags & passing) !== 0) driver.flags |= scopeCancel;
  driver.waitingFor?.cancel(undefined, 'scope');
  driver.extra?.controller?.abort(new CancelledError());
}

/** How many requests concern `driver`: those addressed to it and to the drivers above it. */
export function requestsFor(driver: Driver): number {
  let requests = 0;
  for (let at: Driver | null = driver; at !== null; at = at.parent) requests += ownRequests(at);
  return requests;
}

/** Takes one of these back, the nearest; at zero also one that was not delivered yet. Returns how many are left. */
export function takeRequestBack(driver: Driver): number {
  let at: Driver | null = driver;
  while (at !== null && ownRequests(at) === 0) at = at.parent;
  if (at !== null) {
    at.flags -= cancelUnit;
    if (at.parent !== null) countBelow(at.owner, -1);
  }
  const left = requestsFor(driver);
  if (left === 0) clearRequested(driver);
  return left;
}

/** All requests were taken back from outside: none of those that are kept in `driver` is delivered any more. */
export function forgetRequests(driver: Driver): void {
  driver.flags &= ~(mustCancel | sharedCancel);
  driver.waitingFor?.forget?.();
}

/**
 * `driver`, which has ended, leaves what it did not deal with to the driver above: that is alive, or a task that is
 * done, because whoever ends hands over.
 */
export function handOver(driver: Driver): void {
  const { owner, extra, flags, waitingFor } = driver;
  const heir = driver.parent!;
  leaveWait(heir, driver);
  if (heir.parent !== null) heir.flags += ownRequests(driver) * cancelUnit;
  else if (flags >= cancelUnit) owner.rare().requestsBelow -= ownRequests(driver);
  if ((flags & (mustCancel | sharedCancel)) === mustCancel && !heir.ended) {
    heir.flags |= mustCancel;
    heir.rare().cancelReason = extra?.cancelReason;
  }
  driver.flags = 0;
  driver.waitingFor = null;
  // Async functions may outlive the body that called them.
  for (const left of membersOf(waitingFor)) {
    left.moveTo?.(heir);
    if (!heir.ended) heir.waitingFor = addWaiting(heir.waitingFor, left);
  }
}

/** An async function of `driver` waits; a pending cancellation goes there. */
export function enterWait(driver: Driver, waiting: Waiting): void {
  driver.waitingFor = addWaiting(driver.waitingFor, waiting);
  deliverPendingCancel(driver, waiting);
}

/** `waiting` is over. */
export function leaveWait(driver: Driver, waiting: Waiting): void {
  driver.waitingFor = removeWaiting(driver.waitingFor, waiting);
}

/** `driver` has begun to wait: a cancellation that was requested before reaches what it waits for. */
export function deliverPendingCancel(driver: Driver, waiting: Waiting): void {
  // The usual case, and all of it: a task that nobody cancels.
  if (driver.parent === null && driver.extra === null && (driver.flags & mustCancel) === 0) return;
  const requested = requestedOf(driver);
  if (requested !== null) {
    if (waiting.cancel(requested.extra?.cancelReason)) clearRequested(driver);
  } else if (isScopeCancelled(driver)) waiting.cancel(undefined, 'scope');
}

/** The CancelledError to throw now, because one was requested while nothing waited. */
export function takePendingCancel(driver: Driver): CancelledError | null {
  if (driver.parent === null && (driver.flags & (mustCancel | scopeCancel)) === 0) return null;
  const wanted = (driver.flags & scopeCancel) !== 0;
  driver.flags &= ~scopeCancel;
  const requested = requestedOf(driver);
  if (requested !== null) {
    clearRequested(driver);
    return cancelledError(requested.extra?.cancelReason);
  }
  return wanted && isScopeCancelled(driver) ? cancelledError(undefined) : null;
}

/** What is to be thrown into the generator of `driver` at its next step, if anything. */
export function takeError(driver: Driver): { error: unknown } | null {
  const pending = driver.extra?.pendingThrow ?? null;
  if (pending !== null) driver.extra!.pendingThrow = null;
  const cancelled = takePendingCancel(driver);
  return cancelled === null ? pending : { error: cancelled };
}

/** The innermost cancel scope that `driver` is in. */
export function scopeOf(driver: Driver): CancelScope | null {
  for (let at: Driver | null = driver; at !== null; at = at.parent) {
    const scope = at.extra?.scope ?? null;
    if (scope !== null) return scope;
  }
  return null;
}

/** True when a cancel scope that `driver` is in is cancelled, and nothing shields it. */
export function isScopeCancelled(driver: Driver): boolean {
  for (let at: Driver | null = driver; at !== null; at = at.parent) {
    if (at.extra === null) continue;
    if (at.extra.scopeShields > 0) return false;
    if (at.extra.scope !== null) return at.extra.scope.isEffectivelyCancelled();
  }
  return false;
}

/** The nearest driver, from `driver` upwards, that has a request to be delivered. */
function requestedOf(driver: Driver): Driver | null {
  for (let at: Driver | null = driver; at !== null; at = at.parent)
    if ((at.flags & mustCancel) !== 0) return at;
  return null;
}

/** However many were requested, one CancelledError is delivered. */
function clearRequested(driver: Driver): void {
  for (let at: Driver | null = driver; at !== null; at = at.parent) at.flags &= ~(mustCancel | sharedCancel);
}

function ownRequests(driver: Driver): number {
  const requests = Math.floor(driver.flags / cancelUnit);
  return driver.parent === null ? requests - (driver.owner.extra?.requestsBelow ?? 0) : requests;
}

function countBelow(task: Task<unknown>, change: number): void {
  task.flags += change * cancelUnit;
  task.rare().requestsBelow += change;
}
