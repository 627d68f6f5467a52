import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** One end of an internet socket, in the shape of `net.Socket.address()` with a numeric family. */
export interface SocketAddress {
  /** Numeric, such as `127.0.0.1` or `::1`. */
  readonly address: string;
  /** IPv4 or IPv6. */
  readonly family: 4 | 6;
  readonly port: number;
}

/**
 * The addresses a host name stands for, in the resolver's order. A numeric address stands for itself, without asking
 * the resolver.
 *
 * @throws the error of `node:dns` (`ENOTFOUND`, ...).
 */
export async function resolveHost(host: string, port: number): Promise<SocketAddress[]> {
  const found = await lookup(host, { all: true, verbatim: true });
  const seen = new Set<string>();
  const addresses: SocketAddress[] = [];
  for (const { address, family } of found) {
    if (seen.has(address)) continue;
    seen.add(address);
    addresses.push({ address, family: family === 6 ? 6 : 4, port });
  }
  return addresses;
}

/** The address of a numeric host, or null for a name. An IPv6 zone (`fe80::1%eth0`) is part of the number. */
export function numericAddress(host: string, port: number): SocketAddress | null {
  const family = isIP(host);
  return family === 0 ? null : { address: host, family: family === 6 ? 6 : 4, port };
}
