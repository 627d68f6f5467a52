import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LongTasks } from './long-tasks.js';

/**
 * An ordinary node:http server in the same process as the loop:
 *
 *   POST /long-task?steps=100   starts a long task on the loop and answers at once with its id
 *   GET /tasks/:id              its state
 *   DELETE /tasks/:id           cancels it
 */
export async function startWeb(tasks: LongTasks, port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => handle(tasks, request, response));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

function handle(tasks: LongTasks, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/long-task') {
    const steps = Number(url.searchParams.get('steps') ?? 100);
    if (!Number.isInteger(steps) || steps < 1 || steps > 1_000_000) {
      return reply(response, 400, { error: 'steps must be an integer from 1 to 1000000' });
    }
    return reply(response, 202, { id: tasks.start(steps) });
  }
  const id = /^\/tasks\/(\d+)$/.exec(url.pathname)?.[1];
  if (id === undefined) return reply(response, 404, { error: 'not found' });
  if (request.method === 'DELETE') {
    if (!tasks.cancel(id)) return reply(response, 404, { error: `no task ${id}` });
    return reply(response, 202, { id });
  }
  const report = tasks.report(id);
  if (report === null) return reply(response, 404, { error: `no task ${id}` });
  return reply(response, 200, report);
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
