import { getEventListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import {
  type BaseEventLoop,
  type Coroutine,
  createTask,
  currentTask,
  getRunningLoop,
  run,
  sleep,
} from 'coriolis';
import { openConnection, type Stream, startServer } from 'coriolis/net';
import { describe, expect, test, vi } from 'vitest';
import { opcode } from '../../lib/native/layout.ts';
import { addon } from '../../lib/native/load.ts';
import type { NativePoller } from '../../lib/scheduler/native-poller.ts';
import { eventually, nodeClient, nodeServer, pattern, readAll } from '../support/peers.ts';

const local = { host: '127.0.0.1' };

describe('startServer', () => {
  test('serves many clients at the same time, in both flavours', () =>
    run(async () => {
      const generator = await startServer(function* (stream): Coroutine<void> {
        for (;;) {
          const data = yield* stream.read();
          if (data === null) return;
          yield* stream.write(data);
        }
      }, local);
      const asyncFunction = await startServer(async (stream) => {
        for await (const data of stream) await stream.write(data);
      }, local);
      for (const server of [generator, asyncFunction]) {
        const clients = Array.from({ length: 40 }, async (_, index) => {
          const client = await nodeClient(server.addresses[0]!.port);
          const bytes = pattern(1000 * index + 1, index);
          client.end(bytes);
          expect((await readAll(client)).equals(bytes)).toBe(true);
        });
        await Promise.all(clients);
        await eventually(() => server.connections === 0);
        server.close();
        await server.waitClosed();
      }
    }));

  test('a port in use is EADDRINUSE, shaped like Node’s', () =>
    run(async () => {
      const peer = await nodeServer(() => {});
      await expect(
        Promise.resolve(startServer(async () => {}, { ...local, port: peer.port })),
      ).rejects.toMatchObject({
        code: 'EADDRINUSE',
        syscall: 'bind',
        address: '127.0.0.1',
        port: peer.port,
      });
      await peer.close();
    }));

  test('reusePort lets two servers share a port', () =>
    run(async () => {
      const first = await startServer(async () => {}, { ...local, reusePort: true });
      const { port } = first.addresses[0]!;
      const second = await startServer(async () => {}, { ...local, reusePort: true, port });
      expect(second.addresses[0]!.port).toBe(port);
      first.close();
      second.close();
      await first.waitClosed();
      await second.waitClosed();
    }));

  test('a handler that throws: reported, its connection reset, the others go on', () =>
    run(async () => {
      const reports: unknown[] = [];
      getRunningLoop().setExceptionHandler((_, context) => reports.push(context.exception));
      const failure = new Error('handler failed');
      const server = await startServer(async (stream) => {
        const line = await stream.readLine();
        if (line?.toString() === 'fail\n') throw failure;
        await stream.write('fine');
      }, local);
      const { port } = server.addresses[0]!;
      const bad = await openConnection({ ...local, port });
      const good = await openConnection({ ...local, port });
      await bad.write('fail\n');
      const end = await bad.read().then(
        (data) => data,
        (error) => error.code,
      );
      expect([null, 'ECONNRESET']).toContain(end);
      await good.write('work\n');
      expect((await good.readExactly(4)).toString()).toBe('fine');
      expect(reports).toEqual([failure]);
      await bad.close();
      await good.close();
      server.close();
      await server.waitClosed();
    }));

  test('a peer that resets its connection is not reported', () =>
    run(async () => {
      const reports: unknown[] = [];
      getRunningLoop().setExceptionHandler((_, context) => reports.push(context));
      const server = await startServer(async (stream) => {
        for await (const data of stream) await stream.write(data);
      }, local);
      const client = await nodeClient(server.addresses[0]!.port);
      client.write('x');
      client.once('data', () => client.resetAndDestroy());
      await eventually(() => client.destroyed && server.connections === 0);
      expect(reports).toEqual([]);
      server.close();
      await server.waitClosed();
    }));

  test('a cancelled handler closes its connection and is not reported', () =>
    run(async () => {
      const reports: unknown[] = [];
      getRunningLoop().setExceptionHandler((_, context) => reports.push(context));
      let stop: (() => void) | undefined;
      const server = await startServer(function* (stream): Coroutine<void> {
        const task = currentTask()!;
        stop = () => void task.cancel();
        yield* stream.read();
      }, local);
      const client = await openConnection({ ...local, port: server.addresses[0]!.port });
      await eventually(() => stop !== undefined);
      stop!();
      expect(await client.read()).toBeNull();
      expect(reports).toEqual([]);
      await client.close();
      server.close();
      await server.waitClosed();
    }));

  test('close stops accepting and leaves open connections alone; closing them is separate', () =>
    run(async () => {
      const server = await startServer(async (stream) => {
        for await (const data of stream) await stream.write(data);
      }, local);
      const { port } = server.addresses[0]!;
      const stream = await openConnection({ ...local, port });
      await stream.write('a');
      await stream.readExactly(1);
      server.close();
      server.close();
      expect(server.isServing()).toBe(false);
      expect(server.addresses).toEqual([]);
      await stream.write('b');
      expect((await stream.readExactly(1)).toString()).toBe('b');
      expect(server.connections).toBe(1);
      await eventually(() => server.connections === 1);
      await expect(Promise.resolve(openConnection({ ...local, port }))).rejects.toMatchObject({
        code: 'ECONNREFUSED',
      });
      server.closeClients();
      expect(await stream.read()).toBeNull();
      await server.waitClosed();
      expect(server.connections).toBe(0);
      await stream.close();
    }));

  test('an aborted signal closes the server; one aborted before refuses', () =>
    run(async () => {
      const controller = new AbortController();
      const server = await startServer(async () => {}, { ...local, signal: controller.signal });
      controller.abort();
      expect(server.isServing()).toBe(false);
      await server.waitClosed();
      await expect(
        Promise.resolve(startServer(async () => {}, { ...local, signal: controller.signal })),
      ).rejects.toMatchObject({ name: 'AbortError' });
    }));

  test('await using closes it', () =>
    run(async () => {
      let port = 0;
      {
        await using server = await startServer(async () => {}, local);
        port = server.addresses[0]!.port;
      }
      await expect(Promise.resolve(openConnection({ ...local, port }))).rejects.toMatchObject({
        code: 'ECONNREFUSED',
      });
    }));

  test('after its loop was closed, a server is over', async () => {
    const server = await run(async () => await startServer(async () => {}, local));
    server.close();
    await server.waitClosed();
  });

  test('wrong arguments are named', () =>
    run(async () => {
      const start = (handler: unknown, options: unknown) =>
        Promise.resolve(startServer(handler as (stream: Stream) => Promise<void>, options as object));
      const handler = async () => {};
      await expect(start('no', {})).rejects.toThrow('"handler" argument must be of type function');
      await expect(start(handler, { port: '80' })).rejects.toThrow('"port" argument must be of type number');
      await expect(start(handler, { port: 65536 })).rejects.toThrow(RangeError);
      await expect(start(handler, { host: 5 })).rejects.toThrow('options.host');
      await expect(start(handler, { backlog: 0 })).rejects.toThrow('"backlog"');
      await expect(start(handler, { ...local, limit: -1 })).rejects.toThrow('"limit"');
      const server = await startServer(handler, local);
      const stream = await openConnection({ ...local, port: server.addresses[0]!.port });
      expect(() => stream.read(0)).toThrow(RangeError);
      expect(() => stream.read('5' as unknown as number)).toThrow(TypeError);
      expect(() => stream.readExactly(-1)).toThrow('"count"');
      expect(() => stream.readInto('x' as unknown as Buffer)).toThrow('"target"');
      expect(() => stream.readInto(new Uint8Array(0))).toThrow(RangeError);
      expect(() => stream.readUntil('')).toThrow('"separator.length"');
      expect(() => stream.write(5 as unknown as string)).toThrow('"data"');
      await stream.close();
      server.close();
      await server.waitClosed();
    }));
});

describe('openConnection', () => {
  test('a refused connection is ECONNREFUSED with address and port', () =>
    run(async () => {
      const peer = await nodeServer(() => {});
      await peer.close();
      await expect(Promise.resolve(openConnection({ ...local, port: peer.port }))).rejects.toMatchObject({
        code: 'ECONNREFUSED',
        syscall: 'connect',
        address: '127.0.0.1',
        port: peer.port,
        message: `connect ECONNREFUSED 127.0.0.1:${peer.port}`,
      });
    }));

  test('an unknown host is ENOTFOUND', () =>
    run(async () => {
      await expect(
        Promise.resolve(openConnection({ host: 'no-such-host.invalid', port: 80 })),
      ).rejects.toMatchObject({ syscall: 'getaddrinfo' });
    }));

  test('cancelled or aborted while connecting, it closes its descriptor once', () =>
    run(async () => {
      // A listener that accepts nothing: once its backlog is full, connecting takes forever.
      const listener = addon.socket(4, 'stream');
      addon.bind(listener, '127.0.0.1', 0);
      addon.listen(listener, 0);
      const { port } = addon.localAddress(listener);
      const fill = Array.from({ length: 3 }, () => createTask(openConnection({ ...local, port })));
      await sleep(5);
      const { poller } = (getRunningLoop() as BaseEventLoop).scheduler;
      const start = vi.spyOn((poller as NativePoller).operations, 'start');
      const closes = () => start.mock.calls.filter(([operation]) => operation === opcode.close).length;
      for (const end of ['cancel', 'abort'] as const) {
        const controller = new AbortController();
        const attempt = createTask(openConnection({ ...local, port, signal: controller.signal }));
        await sleep(5);
        const before = closes();
        if (end === 'cancel') attempt.cancel();
        else controller.abort();
        await expect(Promise.resolve(attempt)).rejects.toThrow();
        await sleep(5);
        expect(closes() - before).toBe(1);
        expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
      }
      start.mockRestore();
      for (const attempt of fill) attempt.cancel();
      addon.closeDescriptor(listener);
    }));

  test('an address that the system does not know leaves nothing behind', () =>
    run(async () => {
      const { signal } = new AbortController();
      const before = readdirSync('/proc/self/fd').length;
      for (let count = 0; count < 5; count++) {
        await expect(
          Promise.resolve(openConnection({ host: 'fe80::1%nowhere', port: 1, signal })),
        ).rejects.toMatchObject({ code: 'EINVAL' });
      }
      expect(readdirSync('/proc/self/fd').length).toBe(before);
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    }));

  test('connecting and writing need no free memory in the arena', () =>
    run(async () => {
      const { arena } = (getRunningLoop() as BaseEventLoop).scheduler.poller as NativePoller;
      for (let length = 16384; length >= 64; length /= 2) while (arena.allocate(length) >= 0);
      const peer = await nodeServer((socket) => socket.pipe(socket));
      const stream = await openConnection({ ...local, port: peer.port });
      stream.write('ec');
      stream.write('ho');
      expect((await stream.readExactly(4)).toString()).toBe('echo');
      await stream.close();
      await peer.close();
    }));

  test('localAddress and localPort bind this end', () =>
    run(async () => {
      const peer = await nodeServer((socket) => socket.end());
      const stream = await openConnection({ ...local, port: peer.port, localAddress: '127.0.0.2' });
      expect(stream.localAddress!.address).toBe('127.0.0.2');
      await stream.close();
      await peer.close();
    }));

  test('cancelled while connecting, and aborted by a signal', () =>
    run(async () => {
      // A listener whose backlog is full drops further SYNs, so connecting to it hangs.
      const { port, close } = await fullBacklog();
      const connecting = createTask(openConnection({ ...local, port }));
      await sleep(20);
      expect(connecting.done()).toBe(false);
      connecting.cancel();
      await expect(Promise.resolve(connecting)).rejects.toMatchObject({ name: 'CancelledError' });
      const controller = new AbortController();
      const aborted = createTask(openConnection({ ...local, port, signal: controller.signal }));
      await sleep(20);
      controller.abort();
      await expect(Promise.resolve(aborted)).rejects.toMatchObject({ name: 'AbortError' });
      close();
    }));

  test('wrong arguments are named', () =>
    run(async () => {
      const open = (options: unknown) => Promise.resolve(openConnection(options as { port: number }));
      await expect(open(undefined)).rejects.toThrow('"options"');
      await expect(open({ ...local })).rejects.toThrow('"port"');
      await expect(open({ ...local, port: 0 })).rejects.toThrow(RangeError);
      await expect(open({ host: 7, port: 80 })).rejects.toThrow('options.host');
    }));
});

/** A port on the loopback interface that accepts nothing any more. */
async function fullBacklog(): Promise<{ port: number; close: () => void }> {
  const { addon } = await import('../../lib/native/load.ts');
  const fd = addon.socket(4, 'stream');
  addon.bind(fd, '127.0.0.1', 0);
  addon.listen(fd, 1);
  const { port } = addon.localAddress(fd);
  const fillers = Array.from({ length: 4 }, () => {
    const filler = nodeClient(port);
    filler.catch(() => {});
    return filler;
  });
  await sleep(50);
  return {
    port,
    close: () => {
      addon.closeDescriptor(fd);
      for (const filler of fillers) void filler.then((socket) => socket.destroy()).catch(() => {});
    },
  };
}
