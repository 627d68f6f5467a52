import type { CancelScope } from './cancel-scope.ts';
import type { Driver } from './driver.ts';
import { type CancelledError, type CancelReason, cancelledError } from './errors.ts';
import type { Task } from './task.ts';
import { addWaiting, removeWaiting, type Waiting } from './waiting.ts';

// Further bits of a task's `Future.flags`; other drivers have these alone.

/** A cancellation was asked for and waits for the next step or suspension. */
export const mustCancel = 64;
/** A cancel scope wants the same; unlike a request it is not counted, and it is void once the scope is left. */
export const scopeCancel = 128;
/** The bits above count cancellation requests: of a task all, of any other driver those addressed to it. */
export const cancelUnit = 256;

/** Cancels what goes on in `driver`, or, if nothing waits there, what will next wait. */
export function requestCancel(driver: Driver, reason?: CancelReason): void {
  driver.flags += cancelUnit;
  if (driver.parent !== null) countBelow(driver.owner, 1);
  if (driver.waitingFor === null || !driver.waitingFor.cancel(reason)) {
    driver.flags |= mustCancel;
    if (reason !== undefined || driver.extra !== null) driver.rare().cancelReason = reason;
  }
  abortSignal(driver, reason);
}

/** A cancellation that is addressed to a driver above reaches `driver`. False when nothing could be cancelled. */
export function passRequestOn(driver: Driver, reason: CancelReason): boolean {
  const accepted = driver.waitingFor?.cancel(reason) ?? false;
  abortSignal(driver, reason);
  return accepted;
}

/** A cancel scope around `driver` was cancelled: whatever waits there fails. */
export function cancelByScope(driver: Driver): void {
  // What has come already is not taken away: the next wait will fail.
  if (driver.waitingFor === null) driver.flags |= scopeCancel;
  else driver.waitingFor.cancel(undefined, true);
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

/** `driver`, which has ended, leaves what it did not deal with to the driver above. */
export function handOver(driver: Driver): void {
  const { owner, extra, flags } = driver;
  let heir = driver.parent!;
  while (heir.ended && heir.parent !== null) heir = heir.parent;
  if (heir.parent !== null) heir.flags += ownRequests(driver) * cancelUnit;
  else if (flags >= cancelUnit) owner.rare().requestsBelow -= ownRequests(driver);
  if ((flags & mustCancel) !== 0) {
    heir.flags |= mustCancel;
    heir.rare().cancelReason = extra?.cancelReason;
  }
  driver.flags = 0;
  if (driver.waitingFor === null) leaveWait(driver.parent!, driver);
}

/** An async function of `driver` waits; a pending cancellation goes there. */
export function enterWait(driver: Driver, waiting: Waiting): void {
  driver.waitingFor = addWaiting(driver.waitingFor, waiting);
  deliverPendingCancel(driver, waiting);
}

/** `waiting` is over. A driver whose async functions outlive it stays with the one above until they have ended. */
export function leaveWait(driver: Driver, waiting: Waiting): void {
  driver.waitingFor = removeWaiting(driver.waitingFor, waiting);
  if (driver.waitingFor === null && driver.ended && driver.parent !== null) leaveWait(driver.parent, driver);
}

/** `driver` has begun to wait: a cancellation that was requested before reaches what it waits for. */
export function deliverPendingCancel(driver: Driver, waiting: Waiting): void {
  const requested = requestedOf(driver);
  if (requested !== null) {
    if (waiting.cancel(requested.extra?.cancelReason)) clearRequested(driver);
  } else if (isScopeCancelled(driver)) waiting.cancel(undefined, true);
}

/** The CancelledError to throw now, because one was requested while nothing waited. */
export function takePendingCancel(driver: Driver): CancelledError | null {
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
  for (let at: Driver | null = driver; at !== null; at = at.parent) at.flags &= ~mustCancel;
}

function ownRequests(driver: Driver): number {
  const requests = Math.floor(driver.flags / cancelUnit);
  return driver.parent === null ? requests - (driver.owner.extra?.requestsBelow ?? 0) : requests;
}

function countBelow(task: Task<unknown>, change: number): void {
  task.flags += change * cancelUnit;
  task.rare().requestsBelow += change;
}

function abortSignal(driver: Driver, reason: CancelReason): void {
  driver.extra?.controller?.abort(cancelledError(reason));
}
