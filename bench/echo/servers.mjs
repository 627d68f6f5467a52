// The echo servers that are compared. The first one is what the others are measured against.

/**
 * @typedef {object} EchoServer
 * @property {string} id what --only matches
 * @property {string} label
 * @property {'node' | 'node-onread' | 'borrow-generator' | 'borrow-async' | 'read-generator' | 'read-async'} handler
 * @property {string} [backend] the value of CORIOLIS_LOOP
 */

const flavours = /** @type {const} */ ([
  ['borrow-generator', 'borrow/write, generators'],
  ['borrow-async', 'borrow/write, async functions'],
  ['read-generator', 'read/write, generators'],
  ['read-async', 'read/write, async functions'],
]);

/** @type {EchoServer[]} */
export const echoServers = [
  { id: 'node', label: "node:net on('data')", handler: 'node' },
  { id: 'node-onread', label: 'node:net onread buffer', handler: 'node-onread' },
  ...['io_uring', 'epoll'].flatMap((backend) =>
    flavours.map(([handler, label]) => ({
      id: `${handler}-${backend}`,
      label: `coriolis ${backend}: ${label}`,
      handler,
      backend,
    })),
  ),
];
