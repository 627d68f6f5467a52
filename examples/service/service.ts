import type { Server as HttpServer } from 'node:http';
import { type AbstractEventLoop, type Coroutine, getRunningLoop, sleep, type Task } from 'coriolis';
import { type LineStatistics, type Server, startLineServer } from './line-server.js';
import { LongTasks } from './long-tasks.js';
import { startWeb } from './web.js';

/** A running service and what it has done. */
export interface Service {
  readonly loop: AbstractEventLoop;
  readonly linePort: number;
  readonly webPort: number;
  readonly statistics: LineStatistics;
  readonly tasks: LongTasks;
  /** Ticks of the background task so far. */
  readonly ticks: () => number;
  /** Stops accepting, cancels the background task, closes what is open. */
  stop(): Promise<void>;
}

/** Starts the line server, the web server and a background task on the running loop. */
export async function startService(ports: { line?: number; web?: number } = {}): Promise<Service> {
  const loop = getRunningLoop();
  const statistics: LineStatistics = { connections: 0, lines: 0 };
  const tasks = new LongTasks(loop);

  const lines = await startLineServer(statistics, ports.line);
  const { server: web, port: webPort } = await startWeb(tasks, ports.web);

  let ticks = 0;
  const background = loop.createTask(
    tick(() => ticks++),
    { name: 'background' },
  );

  return {
    loop,
    linePort: lines.addresses[0]!.port,
    webPort,
    statistics,
    tasks,
    ticks: () => ticks,
    stop: () => stop(background, lines, web),
  };
}

/** The kind of housekeeping that every service has: here, it only counts. */
function* tick(count: () => void): Coroutine<void> {
  for (;;) {
    yield* sleep(10);
    count();
  }
}

async function stop(background: Task<void>, lines: Server, web: HttpServer): Promise<void> {
  background.cancel();
  lines.close();
  await lines.waitClosed();
  web.closeAllConnections();
  await new Promise((resolve) => web.close(resolve));
}
