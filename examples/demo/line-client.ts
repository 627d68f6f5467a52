import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/** Many node:net clients, each of which sends lines and waits for every reply. */
export async function talkLines(port: number, load: { clients: number; linesEach: number }) {
  const begunMs = performance.now();
  const counts = await Promise.all(
    Array.from({ length: load.clients }, (_, client) => talk(port, client, load.linesEach)),
  );
  const replies = counts.reduce((sum, count) => sum + count, 0);
  return { clients: load.clients, replies, elapsedMs: performance.now() - begunMs };
}

async function talk(port: number, client: number, lines: number): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const replies = createInterface({ input: socket })[Symbol.asyncIterator]();
  for (let line = 0; line < lines; line++) {
    const text = `hello ${line} from ${client}`;
    socket.write(`ECHO ${text}\n`);
    const { value } = await replies.next();
    if (value !== text) throw new Error(`expected ${text}, got ${value}`);
  }
  socket.end('QUIT\n');
  await once(socket, 'close');
  return lines;
}
