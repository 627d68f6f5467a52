// One echo server in a process of its own: says over IPC where it listens, stops when told to or when its parent is gone.
import process from 'node:process';
import { startNodeServer, startOnreadServer } from './node-servers.mjs';

const handler = process.argv[2] ?? '';
const stopped = new Promise((resolve) => {
  process.once('message', resolve);
  process.once('disconnect', resolve);
});

/** @param {{ close(): PromiseLike<unknown> }} server */
async function serve({ close, ...facts }) {
  process.send?.(facts);
  await stopped;
  await close();
}

if (handler === 'node') await serve(await startNodeServer());
else if (handler === 'node-onread') await serve(await startOnreadServer());
else {
  const [{ run }, { startCoriolisServer }] = await Promise.all([
    import('coriolis'),
    import('./coriolis-servers.mjs'),
  ]);
  await run(async () => serve(await startCoriolisServer(handler)));
}
if (process.connected) process.disconnect();
