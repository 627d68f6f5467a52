import {
  type Coroutine,
  createTask,
  gather,
  IncompleteReadError,
  LimitOverrunError,
  run,
  sleep,
} from 'coriolis';
import { BorrowedChunk, openConnection, type Stream, startServer } from 'coriolis/net';
import { describe, expect, test } from 'vitest';
import { eventually, nodeClient, nodeServer, pattern, readAll } from '../support/peers.ts';

/** A pair of connected streams: one from openConnection, the other from startServer. */
async function withPair(
  body: (near: Stream, far: Stream) => Promise<void>,
  options: { limit?: number } = {},
) {
  await run(async () => {
    let accept!: (stream: Stream) => void;
    const accepted = new Promise<Stream>((resolve) => {
      accept = resolve;
    });
    let release!: () => void;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const server = await startServer(
      async (stream) => {
        accept(stream);
        await released;
      },
      { host: '127.0.0.1', ...options },
    );
    const near = await openConnection({ host: '127.0.0.1', port: server.addresses[0]!.port, ...options });
    const far = await accepted;
    try {
      await body(near, far);
    } finally {
      release();
      near.abort();
      server.close();
      await server.waitClosed();
    }
  });
}

describe('reading', () => {
  test('read gives what is there, then null at the end', () =>
    withPair(async (near, far) => {
      far.write('hello');
      expect((await near.read())?.toString()).toBe('hello');
      far.write('abcdef');
      await eventually(() => near.bytesRead === 11);
      expect((await near.read(4))?.toString()).toBe('abcd');
      expect((await near.read(4))?.toString()).toBe('ef');
      await far.end();
      expect(await near.read()).toBeNull();
      expect(await near.read()).toBeNull();
    }));

  test('a read awaited twice gives the same bytes', () =>
    withPair(async (near, far) => {
      far.write('once');
      const read = near.read();
      expect((await read)?.toString()).toBe('once');
      expect((await read)?.toString()).toBe('once');
    }));

  test('nothing is read before the read is awaited', () =>
    withPair(async (near, far) => {
      const early = near.read();
      const second = near.read();
      far.write('x');
      expect((await second)?.toString()).toBe('x');
      far.write('y');
      expect((await early)?.toString()).toBe('y');
    }));

  test('readInto fills the caller’s memory', () =>
    withPair(async (near, far) => {
      const target = Buffer.alloc(4);
      far.write('abcdef');
      await eventually(() => near.bytesRead === 6);
      expect(await near.readInto(target)).toBe(4);
      expect(target.toString()).toBe('abcd');
      expect(await near.readInto(target)).toBe(2);
      expect(target.toString('utf8', 0, 2)).toBe('ef');
      await far.end();
      expect(await near.readInto(target)).toBe(0);
    }));

  test('readExactly waits for all of it, across chunks and beyond the high-water mark', () =>
    withPair(async (near, far) => {
      const bytes = pattern(1_000_000);
      const sent = far.write(bytes);
      expect(await near.readExactly(0)).toHaveLength(0);
      expect((await near.readExactly(3)).equals(bytes.subarray(0, 3))).toBe(true);
      expect((await near.readExactly(999_990)).equals(bytes.subarray(3, 999_993))).toBe(true);
      await sent;
      await far.end();
      const failure = await near.readExactly(8).then(
        () => null,
        (error) => error,
      );
      expect(failure).toBeInstanceOf(IncompleteReadError);
      expect(failure.partial.length).toBe(7);
      expect(failure.expected).toBe(8);
    }));

  test('readExactly may want more than the receive pool holds', () =>
    withPair(async (near, far) => {
      const bytes = pattern(40 * 1024 * 1024);
      const sent = far.write(bytes);
      expect((await near.readExactly(bytes.length)).equals(bytes)).toBe(true);
      await sent;
    }));

  test('streams that nobody reads leave the receive pool to the others', () =>
    run(async () => {
      const idle: Stream[] = [];
      const server = await startServer(
        async (stream) => {
          const first = await stream.readExactly(1);
          if (first[0] === 0) idle.push(stream);
          if (first[0] === 0) await sleep(Infinity);
          for await (const data of stream) await stream.write(data);
        },
        { host: '127.0.0.1' },
      );
      const { port } = server.addresses[0]!;
      const bytes = pattern(1_000_000);
      bytes[0] = 0;
      const peers = await Promise.all(Array.from({ length: 200 }, () => nodeClient(port)));
      for (const peer of peers) peer.on('error', () => {}).write(bytes);
      await eventually(
        () => idle.length === peers.length && idle.every((stream) => stream.bytesRead > 200_000),
      );
      const client = await nodeClient(port);
      client.end('1still served');
      expect((await readAll(client)).toString()).toBe('still served');
      expect((await idle[7]!.readExactly(999_999)).equals(bytes.subarray(1))).toBe(true);
      for (const peer of peers) peer.destroy();
      server.close();
      server.abortClients();
    }));

  test('readUntil finds a separator that lies across two chunks', () =>
    withPair(async (near, far) => {
      far.write('one\r');
      await eventually(() => near.bytesRead === 4);
      const read = createTask(near.readUntil('\r\n'));
      await sleep(5);
      far.write('\ntwo\r\nrest');
      expect((await read).toString()).toBe('one\r\n');
      expect((await near.readUntil('\r\n')).toString()).toBe('two\r\n');
      await far.end();
      await expect(Promise.resolve(near.readUntil('\r\n'))).rejects.toBeInstanceOf(IncompleteReadError);
    }));

  test('readUntil over the limit throws and leaves the bytes', () =>
    withPair(
      async (near, far) => {
        far.write('0123456789\n');
        await eventually(() => near.bytesRead === 11);
        await expect(Promise.resolve(near.readUntil('\n'))).rejects.toBeInstanceOf(LimitOverrunError);
        expect((await near.read())?.toString()).toBe('0123456789\n');
      },
      { limit: 8 },
    ));

  test('readLine gives lines, the last one without a newline, then null; too long a line is consumed', () =>
    withPair(
      async (near, far) => {
        far.write('a\n\nlonger than eight\nb');
        await far.end();
        await eventually(() => near.bytesRead === 22);
        expect((await near.readLine())?.toString()).toBe('a\n');
        expect((await near.readLine())?.toString()).toBe('\n');
        await expect(Promise.resolve(near.readLine())).rejects.toBeInstanceOf(LimitOverrunError);
        expect((await near.readLine())?.toString()).toBe('b');
        expect(await near.readLine()).toBeNull();
      },
      { limit: 8 },
    ));

  test('for await reads to the end', () =>
    withPair(async (near, far) => {
      const bytes = pattern(300_000);
      void far.write(bytes);
      void far.end();
      const chunks: Buffer[] = [];
      for await (const chunk of near) chunks.push(chunk);
      expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    }));

  test('a cancelled read loses no data, also when it had been woken already', () =>
    withPair(async (near, far) => {
      for (const flavour of ['generator', 'async'] as const) {
        const body =
          flavour === 'generator'
            ? function* (): Coroutine<Buffer | null> {
                return yield* near.read();
              }
            : async () => near.read();
        const waiting = createTask<Buffer | null>(body);
        await sleep(1);
        const before = near.bytesRead;
        far.write('precious');
        // Cancel in the very pass in which the data arrive: the wake-up is queued, the task has not run.
        while (near.bytesRead === before && !waiting.done()) await sleep(0);
        waiting.cancel();
        const outcome = await waiting.then(
          (value) => value,
          () => null,
        );
        const rest = outcome ?? (await near.read());
        expect(rest?.toString()).toBe('precious');
      }
    }));

  test('two reads at the same time: the second one is refused', () =>
    withPair(async (near, far) => {
      const first = createTask(near.read());
      await sleep(1);
      await expect(Promise.resolve(near.read())).rejects.toMatchObject({ code: 'ERR_CONCURRENT_READ' });
      far.write('for the first');
      expect((await first)?.toString()).toBe('for the first');
    }));
});

describe('borrowing', () => {
  test('a chunk is a view; using it up gives the memory back', () =>
    withPair(async (near, far) => {
      far.write('borrowed');
      const chunk = await near.borrow();
      expect(chunk).toBeInstanceOf(BorrowedChunk);
      expect(chunk!.bytes.toString()).toBe('borrowed');
      expect(chunk!.length).toBe(8);
      chunk!.dispose();
      chunk!.dispose();
      expect(chunk!.disposed).toBe(true);
      expect(() => chunk!.bytes).toThrow('disposed');
      expect(() => near.write(chunk!)).toThrow('disposed');
      await far.end();
      expect(await near.borrow()).toBeNull();
    }));

  test('the pool’s memory cannot be transferred away', () =>
    withPair(async (near, far) => {
      far.write('borrowed');
      const chunk = await near.borrow();
      const { port1 } = new MessageChannel();
      const buffer = chunk!.bytes.buffer as ArrayBuffer;
      // Node refuses to transfer it, or copies it: either way it stays.
      for (const transfer of [
        () => port1.postMessage(buffer, [buffer]),
        () => structuredClone(buffer, { transfer: [buffer] }),
      ]) {
        try {
          transfer();
        } catch {}
        expect(buffer.byteLength).toBeGreaterThan(0);
      }
      expect(chunk!.bytes.toString()).toBe('borrowed');
      port1.close();
      chunk!.dispose();
    }));

  test('every byte survives a borrowing echo', () =>
    withPair(async (near, far) => {
      const echo = createTask(function* (): Coroutine<void> {
        for (;;) {
          const chunk = yield* far.borrow();
          if (chunk === null) break;
          yield* far.write(chunk);
        }
        yield* far.end();
      });
      const bytes = pattern(3_000_000);
      const sending = createTask(async () => {
        for (let at = 0; at < bytes.length; at += 50_000) await near.write(bytes.subarray(at, at + 50_000));
        await near.end();
      });
      const back = Buffer.alloc(bytes.length);
      let length = 0;
      for await (const chunk of near) {
        chunk.copy(back, length);
        length += chunk.length;
      }
      expect(length).toBe(bytes.length);
      expect(back.equals(bytes)).toBe(true);
      await Promise.all([echo, sending]);
    }));
});

describe('writing', () => {
  test('small and large writes of all kinds arrive in order', () =>
    withPair(async (near, far) => {
      const parts: (string | Buffer)[] = [];
      for (let index = 0; index < 200; index++) {
        parts.push(
          index % 3 === 0 ? `text ${index} ✓\n` : pattern([1, 700, 20_000, 100_000][index % 4]!, index),
        );
      }
      const expected = Buffer.concat(parts.map((part) => Buffer.from(part as Buffer)));
      const sending = createTask(async () => {
        for (const part of parts) await near.write(part);
        await near.end();
      });
      const chunks: Buffer[] = [];
      for await (const chunk of far) chunks.push(chunk);
      expect(Buffer.concat(chunks).equals(expected)).toBe(true);
      await sending;
      expect(near.bytesWritten).toBe(expected.length);
      expect(far.bytesRead).toBe(expected.length);
    }));

  test('write waits while too much is unsent, and goes on when the peer reads', () =>
    withPair(async (near, far) => {
      const block = pattern(10_000);
      let written = 0;
      const writer = createTask(async () => {
        for (let index = 0; index < 3000; index++) {
          await near.write(block);
          written++;
        }
        await near.end();
      });
      // The receiver's queue and both socket buffers fill up; then the writer has to wait.
      let before = -1;
      while (before !== written) {
        before = written;
        await sleep(30);
      }
      expect(written).toBeLessThan(3000);
      let length = 0;
      for await (const chunk of far) length += chunk.length;
      expect(length).toBe(30_000_000);
      await writer;
    }));

  test('the caller may reuse memory that was copied, at once', () =>
    withPair(async (near, far) => {
      const memory = Buffer.from('first');
      void near.write(memory);
      memory.write('XXXXX');
      void near.write(memory);
      memory.write('YYYYY');
      await near.end();
      expect((await far.readExactly(10)).toString()).toBe('firstXXXXX');
    }));

  test('half-close: the other direction goes on', () =>
    withPair(async (near, far) => {
      void near.write('question');
      await near.end();
      expect((await far.readExactly(8)).toString()).toBe('question');
      expect(await far.read()).toBeNull();
      await far.write('answer');
      expect((await near.readExactly(6)).toString()).toBe('answer');
    }));

  test('write after end and after close is refused', () =>
    withPair(async (near) => {
      await near.end();
      await near.end();
      await expect(Promise.resolve(near.write('x'))).rejects.toMatchObject({
        code: 'ERR_STREAM_WRITE_AFTER_END',
      });
      await near.close();
      await expect(Promise.resolve(near.write('x'))).rejects.toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
    }));
});

describe('closing', () => {
  test('close sends what was written; twice is fine; use after close is refused', () =>
    withPair(async (near, far) => {
      const bytes = pattern(2_000_000);
      void near.write(bytes);
      const [first, second] = [near.close(), near.close()];
      const received = createTask(far.readExactly(bytes.length));
      await first;
      await second;
      await near.close();
      expect((await received).equals(bytes)).toBe(true);
      expect(await far.read()).toBeNull();
      await expect(Promise.resolve(near.read())).rejects.toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
      await expect(Promise.resolve(near.borrow())).rejects.toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
      expect(near.isClosing).toBe(true);
    }));

  test('after its loop was closed, a stream counts as closed', async () => {
    const peer = await nodeServer((socket) => socket.resume().on('end', () => socket.end()));
    const stream = await run(async () => {
      const made = await openConnection({ host: '127.0.0.1', port: peer.port });
      made.write(Buffer.alloc(100_000));
      return made;
    });
    const destroyed = { code: 'ERR_STREAM_DESTROYED' };
    await expect(Promise.resolve(stream.read())).rejects.toMatchObject(destroyed);
    await expect(Promise.resolve(stream.write(Buffer.alloc(100_000)))).rejects.toMatchObject(destroyed);
    await expect(Promise.resolve(stream.end())).rejects.toMatchObject(destroyed);
    await stream.close();
    stream.abort();
    expect(stream.localAddress).toBeUndefined();
    expect(stream.isClosing).toBe(true);
    await peer.close();
  });

  test('shared memory and memory that was taken away do not bring the process down', () =>
    withPair(async (near, far) => {
      await near.write(new Uint8Array(new SharedArrayBuffer(20_000)).fill(7));
      expect((await far.readExactly(20_000))[19_999]).toBe(7);
      const taken = new Uint8Array(20_000);
      const first = near.write(Buffer.alloc(8_000_000));
      const second = near.write(taken);
      structuredClone(taken, { transfer: [taken.buffer] });
      await far.readExactly(8_000_000);
      await first;
      await expect(Promise.resolve(second)).rejects.toMatchObject({ code: 'EINVAL' });
    }));

  test('end and close at the same time', () =>
    withPair(async (near) => {
      const ended = near.end();
      await near.close();
      await ended;
    }));

  test('abort fails the write that is under way, and says that it was the abort', () =>
    withPair(async (near) => {
      const write = createTask(near.write(Buffer.alloc(50_000_000)));
      await sleep(5);
      near.abort();
      await expect(Promise.resolve(write)).rejects.toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
    }));

  test('abort fails a waiting read and drops what is unsent', () =>
    withPair(async (near) => {
      const read = createTask(near.read());
      void near.write(pattern(10_000_000));
      await sleep(1);
      near.abort();
      near.abort();
      await expect(Promise.resolve(read)).rejects.toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
    }));

  test('await using closes', () =>
    withPair(async (near, far) => {
      {
        await using _ = near;
      }
      expect(await far.read()).toBeNull();
    }));
});

describe('real peers', () => {
  test('a node:net client half-closes and still gets its answer', () =>
    run(async () => {
      const server = await startServer(
        function* (stream): Coroutine<void> {
          const parts: Buffer[] = [];
          for (;;) {
            const part = yield* stream.read();
            if (part === null) break;
            parts.push(part);
          }
          yield* stream.write(Buffer.concat(parts).reverse());
        },
        { host: '127.0.0.1' },
      );
      const client = await nodeClient(server.addresses[0]!.port);
      client.end('abc');
      expect((await readAll(client)).toString()).toBe('cba');
      server.close();
      await server.waitClosed();
    }));

  test('a connection that the peer resets fails reads and writes with the system’s error', () =>
    run(async () => {
      const peer = await nodeServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
      const stream = await openConnection({ host: '127.0.0.1', port: peer.port });
      void stream.write('x');
      await expect(Promise.resolve(stream.read())).rejects.toMatchObject({
        code: 'ECONNRESET',
        syscall: 'read',
        errno: -104,
      });
      await expect(
        (async () => {
          for (let index = 0; index < 100; index++) {
            await stream.write('y');
            await sleep(1);
          }
        })(),
      ).rejects.toMatchObject({ syscall: 'write' });
      await stream.close();
      await peer.close();
    }));

  test('a read that failed fails again for whoever asks next, and through gather', () =>
    run(async () => {
      const peer = await nodeServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
      const connect = async () => {
        const stream = await openConnection({ host: '127.0.0.1', port: peer.port });
        stream.write('now');
        return stream;
      };
      const reset = expect.objectContaining({ code: 'ECONNRESET' });
      const first = await connect();
      const read = first.read();
      await expect(Promise.resolve(read)).rejects.toEqual(reset);
      await expect(Promise.resolve(read)).rejects.toEqual(reset);
      const second = await connect();
      await expect(Promise.resolve(gather([second.read()]))).rejects.toEqual(reset);
      first.abort();
      second.abort();
      await peer.close();
    }));

  test('a peer that vanishes in the middle of a write fails the writer', () =>
    run(async () => {
      const peer = await nodeServer((socket) => {
        socket.pause();
        setTimeout(() => socket.resetAndDestroy(), 20);
      });
      const stream = await openConnection({ host: '127.0.0.1', port: peer.port });
      await expect(
        (async () => {
          for (;;) await stream.write(pattern(500_000));
        })(),
      ).rejects.toSatisfy((error: NodeJS.ErrnoException) => ['ECONNRESET', 'EPIPE'].includes(error.code!));
      await stream.close();
      await peer.close();
    }));

  test('addresses, IPv6 included', () =>
    run(async () => {
      const server = await startServer(
        async (stream) => {
          await stream.write(JSON.stringify([stream.localAddress, stream.remoteAddress]));
        },
        { host: '::1' },
      );
      const { port } = server.addresses[0]!;
      expect(server.addresses).toEqual([{ address: '::1', family: 6, port }]);
      const stream = await openConnection({ host: '::1', port });
      const mine = stream.localAddress!;
      const [local, remote] = JSON.parse((await stream.readUntil(']')).toString());
      expect(local).toEqual(stream.remoteAddress);
      expect(remote).toEqual(mine);
      await stream.close();
      expect(stream.localAddress).toEqual(mine);
      server.close();
      await server.waitClosed();
    }));

  test('a listening server without a host takes IPv4 and IPv6', () =>
    run(async () => {
      const server = await startServer(async (stream) => void (await stream.write('hi')));
      for (const host of ['127.0.0.1', '::1', 'localhost']) {
        const stream = await openConnection({ host, port: server.addresses[0]!.port });
        expect((await stream.readExactly(2)).toString()).toBe('hi');
        await stream.close();
      }
      server.close();
      await server.waitClosed();
    }));
});
