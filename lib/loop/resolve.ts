import { promises as dns, type LookupAddress } from 'node:dns';

/** One address that a name stands for. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
}

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
