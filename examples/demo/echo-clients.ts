// A worker: closed-loop echo clients on node:net; posts how many requests came back within the round.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { EchoLoad } from './echo-comparison.js';

const { port, connections, messageBytes, roundMs } = workerData as EchoLoad & { port: number };
const message = Buffer.alloc(messageBytes, 'coriolis');

const sockets = await Promise.all(
  Array.from({ length: connections }, async () => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return socket;
  }),
);
const requests = sockets.map((socket) => converse(socket));
setTimeout(() => {
  for (const socket of sockets) socket.destroy();
  parentPort!.postMessage(requests.reduce((sum, count) => sum + count(), 0));
}, roundMs);

function converse(socket: Socket): () => number {
  let count = 0;
  let pending = messageBytes;
  socket.on('data', (data: Buffer) => {
    pending -= data.length;
    if (pending > 0) return;
    count++;
    pending = messageBytes;
    socket.write(message);
  });
  socket.write(message);
  return () => count;
}
