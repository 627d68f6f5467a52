import { execFile } from 'node:child_process';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../build/Release/coriolis_loadgen', import.meta.url));

interface Outcome {
  status: number;
  stderr: string;
  report: {
    requests: number;
    errors: number;
    firstError: string | null;
    idleConnections: number;
    serverCpuNanos: number | null;
    latencyNanos: { p50: number; p99: number; max: number };
  } | null;
}

function generateLoad(...args: (string | number)[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(program, args.map(String), { timeout: 20_000 }, (error, stdout, stderr) => {
      const status = error === null ? 0 : Number(error.code ?? -1);
      resolve({ status, stderr, report: stdout === '' ? null : JSON.parse(stdout) });
    });
  });
}

const servers: net.Server[] = [];

async function listen(onConnection: (socket: net.Socket) => void, host = '127.0.0.1'): Promise<number> {
  const server = net.createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    onConnection(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as net.AddressInfo).port;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

const brief = ['--seconds', 0.1, '--warmup', 0.05];

describe('the load generator', () => {
  it.each([
    [1, 1],
    [8, 100],
    [3, 300_000],
  ])('gets every byte back over %i connections of %i bytes', async (conns, size) => {
    const port = await listen((socket) => socket.on('data', (data) => socket.write(data)));
    const args = ['--port', port, '--conns', conns, '--size', size, '--server-pid', process.pid];
    const { status, report } = await generateLoad(...args, ...brief);
    expect(status).toBe(0);
    expect(report).toMatchObject({ errors: 0, firstError: null, idleConnections: 0 });
    expect(report?.requests).toBeGreaterThan(0);
    expect(report?.serverCpuNanos).toBeGreaterThan(0);
    const { p50, p99, max } = report!.latencyNanos;
    expect(p50).toBeGreaterThan(0);
    expect(p99).toBeGreaterThanOrEqual(p50);
    expect(max).toBeGreaterThanOrEqual(p99);
  });

  it('speaks IPv6', async () => {
    const port = await listen((socket) => socket.on('data', (data) => socket.write(data)), '::1');
    const { report } = await generateLoad('--host', '::1', '--port', port, ...brief);
    expect(report).toMatchObject({ errors: 0, serverCpuNanos: null });
  });

  it('takes answers in any pieces', async () => {
    const port = await listen((socket) => {
      socket.on('data', (data) => {
        socket.write(data.subarray(0, 1));
        socket.write(data.subarray(1));
      });
    });
    const { report } = await generateLoad('--port', port, '--size', 5000, '--conns', 2, ...brief);
    expect(report).toMatchObject({ errors: 0 });
    expect(report?.requests).toBeGreaterThan(0);
  });

  it('notices a wrong byte', async () => {
    const port = await listen((socket) => {
      socket.on('data', (data) => {
        data[data.length - 1]! ^= 1;
        socket.write(data);
      });
    });
    const { status, report } = await generateLoad('--port', port, '--conns', 2, ...brief);
    expect(status).toBe(1);
    expect(report).toMatchObject({
      requests: 0,
      errors: 2,
      firstError: 'other bytes came back than were sent',
    });
  });

  it('notices the answer to an earlier request', async () => {
    const port = await listen((socket) => {
      let first: Buffer | undefined;
      socket.on('data', (data) => {
        first ??= Buffer.from(data);
        socket.write(first);
      });
    });
    const { status, report } = await generateLoad('--port', port, '--conns', 1, '--size', 64, ...brief);
    expect(status).toBe(1);
    expect(report).toMatchObject({ errors: 1, firstError: 'other bytes came back than were sent' });
  });

  it('notices too many bytes', async () => {
    const port = await listen((socket) =>
      socket.on('data', (data) => socket.write(Buffer.concat([data, data]))),
    );
    const { status, report } = await generateLoad('--port', port, '--conns', 1, '--size', 10, ...brief);
    expect(status).toBe(1);
    expect(report?.firstError).toBe('too many bytes came back');
  });

  it('counts connections that the server closes, and those it never answers', async () => {
    const closing = await listen((socket) => socket.on('data', () => socket.end()));
    expect((await generateLoad('--port', closing, '--conns', 3, ...brief)).report).toMatchObject({
      errors: 3,
    });
    const silent = await listen((socket) => socket.resume());
    const { report } = await generateLoad('--port', silent, '--conns', 3, ...brief);
    expect(report).toMatchObject({ requests: 0, errors: 0, idleConnections: 3 });
  });

  it('waits for the server, but not for ever', async () => {
    const port = await listen(() => {});
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const { status, stderr } = await generateLoad('--port', port, '--connect-timeout', 0.05);
    expect(status).toBe(2);
    expect(stderr).toContain('Connection refused');
  });

  it('loads nobody but this machine', async () => {
    for (const host of ['192.0.2.1', '0.0.0.0', '::', '2001:db8::1', 'localhost']) {
      const { status, stderr } = await generateLoad('--host', host, '--port', 9);
      expect(status).toBe(2);
      expect(stderr).toContain('not a loopback address');
    }
  });

  it.each([
    [['--port', '0']],
    [['--port', '1', '--conns', '0']],
    [['--port', '1', '--size', 'x']],
    [['--port', '1', '--seconds', '-1']],
    [['--port', '1', '--server-pid', '999999999']],
    [['--port', '1', 'stray']],
    [['--nonsense']],
    [[]],
  ])('refuses %j', async (args) => {
    expect((await generateLoad(...args)).status).toBe(2);
  });

  it('measures a bare timerfd', async () => {
    const { status, report } = await generateLoad('--timerfd', 200, '--count', 5);
    expect(status).toBe(0);
    expect(report).toMatchObject({ overshootNanos: expect.any(Array) });
  });
});
