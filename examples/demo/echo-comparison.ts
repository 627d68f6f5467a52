import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { type Stream, startServer } from 'coriolis/net';

export interface EchoLoad {
  connections: number;
  messageBytes: number;
  roundMs: number;
  rounds: number;
}

/** Requests a second of an echo server on the loop and of one on node:net, alternated; medians of the rounds. */
export async function compareEcho(load: EchoLoad): Promise<{ coriolis: number; nodeNet: number }> {
  const loopServer = await startServer(echo, { host: '127.0.0.1' });
  const nodeServer = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (data) => socket.write(data));
    socket.on('error', () => socket.destroy());
  });
  nodeServer.listen(0, '127.0.0.1');
  await once(nodeServer, 'listening');

  const ports = [loopServer.addresses[0]!.port, (nodeServer.address() as AddressInfo).port];
  const rates: number[][] = [[], []];
  for (let round = 0; round < load.rounds; round++) {
    for (const server of [0, 1]) rates[server]!.push(await drive(ports[server]!, load));
  }

  loopServer.close();
  await loopServer.waitClosed();
  nodeServer.close();
  return { coriolis: median(rates[0]!), nodeNet: median(rates[1]!) };
}

function* echo(stream: Stream) {
  for (;;) {
    const chunk = yield* stream.borrow();
    if (chunk === null) return;
    yield* stream.write(chunk);
  }
}

/** One round of clients in a worker thread; resolves to requests a second. */
async function drive(port: number, load: EchoLoad): Promise<number> {
  const worker = new Worker(new URL('./echo-clients.js', import.meta.url), { workerData: { port, ...load } });
  // Both at once: a worker that ends delivers its last message and its end without a pause between them.
  const [[requests]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  return (requests as number) / (load.roundMs / 1000);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}
