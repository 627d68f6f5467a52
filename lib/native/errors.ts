import { addon } from './load.ts';

/** An error of the operating system, with the properties of Node's own. */
export interface SystemError extends Error {
  /** The error's name, such as `ECONNRESET`. */
  readonly code: string;
  /** The negative error number. */
  readonly errno: number;
  /** The call that failed, such as `connect`. */
  readonly syscall: string;
  readonly address?: string;
  readonly port?: number;
  readonly path?: string;
}

/**
 * The error for a completion's negative result, shaped like Node's: `connect ECONNREFUSED 127.0.0.1:80`.
 */
export function systemError(
  errno: number,
  syscall: string,
  where: { address?: string; port?: number; path?: string } = {},
): SystemError {
  const code = addon.errorName(errno);
  let place = '';
  if (where.path !== undefined) place = ` '${where.path}'`;
  else if (where.address !== undefined) {
    const host = where.address.includes(':') ? `[${where.address}]` : where.address;
    place = where.port === undefined ? ` ${where.address}` : ` ${host}:${where.port}`;
  }
  const error = new Error(`${syscall} ${code}${place}`);
  return Object.assign(error, { errno, code, syscall, ...where }) as SystemError;
}

/** Error numbers that the library acts upon (Linux). */
export const errno = {
  EINTR: -4,
  EAGAIN: -11,
  ENOMEM: -12,
  EINVAL: -22,
  ENFILE: -23,
  EMFILE: -24,
  EPIPE: -32,
  ENOTCONN: -107,
  ECONNABORTED: -103,
  ENOBUFS: -105,
  ECANCELED: -125,
} as const;
