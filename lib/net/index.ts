export type { SocketAddress } from './address.ts';
export { BorrowedChunk } from './chunk.ts';
export { type ConnectOptions, openConnection } from './connect.ts';
export { type ConnectionHandler, Server, type ServerOptions, startServer } from './server.ts';
export { Stream } from './stream.ts';
