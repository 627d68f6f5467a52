import type { BackendReport } from '../native/addon.ts';
import { addon } from '../native/load.ts';

/** What event loops can run on here. */
export interface Capabilities {
  /** Every backend this build knows, best first, and for one that is not available, why. */
  readonly backends: readonly BackendReport[];
  /** The backend that `DefaultEventLoopPolicy` takes: the best one, or that of `CORIOLIS_LOOP`. */
  readonly default: string;
}

/**
 * Says which backends exist on this machine, and for one that does not, why: kernel too old, seccomp, sysctl.
 *
 * @throws RangeError when `CORIOLIS_LOOP` names a backend that nobody knows.
 */
export function capabilities(): Capabilities {
  const backends = addon.backends();
  return { backends, default: defaultBackend(backends) };
}

function defaultBackend(backends: readonly BackendReport[]): string {
  const wanted = process.env.CORIOLIS_LOOP;
  if (wanted === undefined || wanted === '') return backends.find(({ available }) => available)!.name;
  if (!backends.some(({ name }) => name === wanted)) {
    throw new RangeError(
      `CORIOLIS_LOOP must be one of ${backends.map(({ name }) => name).join(', ')}. Received ${wanted}`,
    );
  }
  return wanted;
}

/** @throws Error (`ERR_BACKEND_UNAVAILABLE`) with the reason, unless the backend works here. */
export function requireBackend(name: string): void {
  const report = addon.backends().find((backend) => backend.name === name);
  if (report?.available) return;
  const reason = report === undefined ? 'this build does not have it' : report.reason;
  throw Object.assign(new Error(`the ${name} backend is not available: ${reason}`), {
    code: 'ERR_BACKEND_UNAVAILABLE',
  });
}
