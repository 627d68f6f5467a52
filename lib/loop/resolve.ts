import { promises as dns, type LookupAddress } from 'node:dns';

/** One address that a name stands for. */
export interface ResolvedAddress {
  /** In numbers: `127.0.0.1`, `::1`. */
  readonly address: string;
  /** IPv4 or IPv6. */
  readonly family: 4 | 6;
  /** The port that was asked for. */
  readonly port: number;
}

/** What `loop.getaddrinfo` can be told. */
export interface ResolveOptions {
  /** 4 or 6; 0, the default, is both. */
  family?: 0 | 4 | 6;
  /** Flags of `node:dns` (`dns.ADDRCONFIG`, ...). */
  hints?: number;
}

export async function resolve(
  host: string,
  port: number,
  options: ResolveOptions = {},
): Promise<ResolvedAddress[]> {
  const { family = 0, hints = 0 } = options;
  const found: LookupAddress[] = await dns.lookup(host, { all: true, verbatim: true, family, hints });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4, port }));
}

export function resolveName(address: string, port: number): Promise<{ hostname: string; service: string }> {
  return dns.lookupService(address, port);
}
