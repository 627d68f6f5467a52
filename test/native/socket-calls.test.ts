import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { addon } from '../../lib/native/load.ts';

/** A socket that the test closes when it ends. */
function newSocket(family: 4 | 6, type = 'stream'): number {
  const fd = addon.socket(family, type);
  onTestFinished(() => addon.closeDescriptor(fd));
  return fd;
}

/** What the call throws. */
function errorOf(call: () => unknown): NodeJS.ErrnoException & { address?: string; port?: number } {
  try {
    call();
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  throw new Error('nothing was thrown');
}

const hasIPv6 = readFileSync('/proc/net/if_inet6', 'utf8').includes('00000000000000000000000000000001');

describe('sockets', () => {
  test('are non-blocking and close-on-exec', () => {
    const fd = newSocket(4);
    const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
    const nonBlocking = 0o4000;
    const closeOnExec = 0o2000000;
    expect(Number.parseInt(flags ?? '', 8) & (nonBlocking | closeOnExec)).toBe(nonBlocking | closeOnExec);
  });

  test('are bound, listen and tell their address', () => {
    const fd = newSocket(4);
    addon.setOption(fd, 'reuseAddress', 1);
    addon.bind(fd, '127.0.0.1', 0);
    addon.listen(fd, 5);
    const bound = addon.localAddress(fd);
    expect(bound).toEqual({ address: '127.0.0.1', family: 4, port: expect.any(Number) });
    expect(bound.port).toBeGreaterThan(0);
  });

  test.runIf(hasIPv6)('know IPv6', () => {
    const fd = newSocket(6);
    addon.setOption(fd, 'v6Only', 1);
    addon.bind(fd, '::1', 0);
    expect(addon.localAddress(fd)).toMatchObject({ address: '::1', family: 6 });
  });

  test('can be datagram sockets', () => {
    const fd = newSocket(4, 'datagram');
    addon.bind(fd, '127.0.0.1', 0);
    expect(errorOf(() => addon.listen(fd, 1)).code).toBe('ENOTSUP');
  });

  test('take every option', () => {
    const fd = newSocket(4);
    for (const name of ['reuseAddress', 'reusePort', 'noDelay', 'keepAlive', 'lingerReset']) {
      addon.setOption(fd, name, 1);
      addon.setOption(fd, name, 0);
    }
    addon.setOption(fd, 'receiveBufferSize', 65536);
    addon.setOption(fd, 'sendBufferSize', 65536);
  });
});

describe('errors', () => {
  test('of bind name the address', () => {
    const first = newSocket(4);
    addon.bind(first, '127.0.0.1', 0);
    addon.listen(first, 1);
    const { port } = addon.localAddress(first);
    const second = newSocket(4);
    const error = errorOf(() => addon.bind(second, '127.0.0.1', port));
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe(`bind EADDRINUSE 127.0.0.1:${port}`);
    expect({ ...error }).toEqual({
      code: 'EADDRINUSE',
      errno: -98,
      syscall: 'bind',
      address: '127.0.0.1',
      port,
    });
  });

  test('of listen name the bound address', () => {
    const first = newSocket(4);
    const second = newSocket(4);
    for (const fd of [first, second]) addon.setOption(fd, 'reuseAddress', 1);
    addon.bind(first, '127.0.0.1', 0);
    const { port } = addon.localAddress(first);
    addon.bind(second, '127.0.0.1', port);
    addon.listen(first, 1);
    const error = errorOf(() => addon.listen(second, 1));
    expect(error).toMatchObject({ code: 'EADDRINUSE', syscall: 'listen', address: '127.0.0.1', port });
  });

  test('without an address have code, errno and syscall', () => {
    const fd = newSocket(4);
    const error = errorOf(() => addon.remoteAddress(fd));
    expect(error.message).toBe('getpeername ENOTCONN');
    expect({ ...error }).toEqual({ code: 'ENOTCONN', errno: -107, syscall: 'getpeername' });
    expect(errorOf(() => addon.localAddress(999_999))).toMatchObject({
      code: 'EBADF',
      syscall: 'getsockname',
    });
    expect(errorOf(() => addon.closeDescriptor(999_999))).toMatchObject({ code: 'EBADF', syscall: 'close' });
    expect(errorOf(() => addon.setOption(999_999, 'noDelay', 1))).toMatchObject({ syscall: 'setsockopt' });
  });

  test('for what is no address', () => {
    const fd = newSocket(4);
    for (const address of ['localhost', '', '1.2.3', '::g', '127.0.0.1\0', 'fe80::1%no-such-zone']) {
      expect(errorOf(() => addon.bind(fd, address, 0))).toMatchObject({ code: 'EINVAL', syscall: 'bind' });
    }
  });

  test('for arguments of the wrong type name the argument', () => {
    // biome-ignore lint/suspicious/noExplicitAny: the point is to pass what the types forbid.
    const calls = addon as any;
    expect(() => calls.socket('4', 'stream')).toThrow(new TypeError("argument 'family' must be a number"));
    expect(() => calls.socket(4)).toThrow(new TypeError("argument 'type' must be a string"));
    expect(() => calls.socket(4, 'raw')).toThrow(
      new TypeError("argument 'type' must be 'stream' or 'datagram'"),
    );
    expect(() => calls.socket(5, 'stream')).toThrow(new RangeError("argument 'family' must be 4 or 6"));
    expect(() => calls.bind()).toThrow(new TypeError("argument 'fd' must be a number"));
    expect(() => calls.bind(1, null, 0)).toThrow(new TypeError("argument 'address' must be a string"));
    expect(() => calls.bind(1, '::', '80')).toThrow(new TypeError("argument 'port' must be a number"));
    expect(() => calls.bind(1, '::', 65_536)).toThrow(RangeError);
    expect(() => calls.bind(1.5, '::', 1)).toThrow(RangeError);
    expect(() => calls.bind(Number.NaN, '::', 1)).toThrow(RangeError);
    expect(() => calls.listen(1, '5')).toThrow(new TypeError("argument 'backlog' must be a number"));
    expect(() => calls.setOption(1, 'noSuchOption', 1)).toThrow(TypeError);
    expect(() => calls.setOption(1, 'noDelay', true)).toThrow(
      new TypeError("argument 'value' must be a number"),
    );
    expect(() => calls.encodeAddress([], '::', 1)).toThrow(
      new TypeError("argument 'target' must be a Uint8Array"),
    );
  });
});

describe('encodeAddress', () => {
  test('writes a sockaddr and returns its length', () => {
    const target = new Uint8Array(32).fill(255);
    expect(addon.encodeAddress(target, '10.1.2.3', 0x1234)).toBe(16);
    expect([...target.subarray(0, 17)]).toEqual([2, 0, 0x12, 0x34, 10, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 255]);
    expect(addon.encodeAddress(target, '::1', 80)).toBe(28);
    expect([target[0], target[2], target[3], target[23], target[28]]).toEqual([10, 0, 80, 1, 255]);
  });

  test('honours a zone by number and by name', () => {
    const target = new Uint8Array(28);
    addon.encodeAddress(target, 'fe80::1%7', 80);
    expect(target[24]).toBe(7);
    addon.encodeAddress(target, 'fe80::1%lo', 80);
    expect(target[24]).toBe(1);
  });

  test('wants enough room', () => {
    expect(() => addon.encodeAddress(new Uint8Array(15), '127.0.0.1', 80)).toThrow(RangeError);
    expect(errorOf(() => addon.encodeAddress(new Uint8Array(28), 'nowhere', 80))).toMatchObject({
      code: 'EINVAL',
      syscall: 'connect',
      address: 'nowhere',
      port: 80,
    });
  });
});
