// The library's echo server in its flavours, written as a user would write it.
import { capabilities, getRunningLoop, startServer } from 'coriolis';

/** @type {Record<string, any>} */
const handlers = {
  *'borrow-generator'(stream) {
    for (;;) {
      const chunk = yield* stream.borrow();
      if (chunk === null) return;
      yield* stream.write(chunk);
    }
  },

  async 'borrow-async'(stream) {
    for (;;) {
      const chunk = await stream.borrow();
      if (chunk === null) return;
      await stream.write(chunk);
    }
  },

  *'read-generator'(stream) {
    for (;;) {
      const data = yield* stream.read();
      if (data === null) return;
      yield* stream.write(data);
    }
  },

  async 'read-async'(stream) {
    for (;;) {
      const data = await stream.read();
      if (data === null) return;
      await stream.write(data);
    }
  },
};

/**
 * Starts a server on the running loop.
 * @param {string} handler
 */
export async function startCoriolisServer(handler) {
  const server = await startServer(handlers[handler], { host: '127.0.0.1', port: 0, backlog: 1024 });
  return {
    port: server.addresses[0].port,
    loop: getRunningLoop().constructor.name,
    capabilities: capabilities(),
    close: () => server.close(),
  };
}
