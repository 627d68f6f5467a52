// The same echo on Node's own sockets, as fast as they can go.
import net from 'node:net';

/** The usual way: a Buffer per read, written back as it is. */
export function startNodeServer() {
  return listen(
    net.createServer({ noDelay: true }, (socket) => {
      socket.on('data', (chunk) => socket.write(chunk));
      socket.on('error', () => socket.destroy());
    }),
  );
}

const receiveBytes = 64 * 1024;

/**
 * Reads into one reused buffer (`onread`) instead of allocating for each read. net.Server offers no such option, so
 * this moves the accepted handle into a socket made by hand: not something for an application, but the least work
 * Node's sockets can be made to do.
 */
export function startOnreadServer() {
  let buffer = Buffer.allocUnsafeSlow(receiveBytes);
  return listen(
    net.createServer({ noDelay: true, pauseOnConnect: true }, (accepted) => {
      const { _handle: handle } = /** @type {any} */ (accepted);
      /** @type {any} */ (accepted)._handle = null;
      accepted.destroy();
      const socket = new net.Socket(
        /** @type {any} */ ({
          handle,
          onread: {
            buffer: () => buffer,
            /** @param {number} count @param {Uint8Array} target */
            callback(count, target) {
              socket.write(target.subarray(0, count));
              // Not written at once: the kernel still has to be given these bytes, so the next read gets other memory.
              if (socket.writableLength > 0) buffer = Buffer.allocUnsafeSlow(receiveBytes);
              return true;
            },
          },
        }),
      );
      socket.on('error', () => socket.destroy());
      socket.on('end', () => socket.end());
      socket.read(0);
    }),
  );
}

/**
 * @param {net.Server} server
 * @returns {Promise<{ port: number, close(): Promise<void> }>}
 */
function listen(server) {
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 }, () => {
      const { port } = /** @type {net.AddressInfo} */ (server.address());
      resolve({ port, close: () => new Promise((closed) => void server.close(() => closed())) });
    });
  });
}
