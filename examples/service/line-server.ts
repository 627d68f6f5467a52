import { type Coroutine, sleep } from 'coriolis';
import { type Server, type Stream, startServer } from 'coriolis/net';

/** What the line server has done so far. */
export interface LineStatistics {
  connections: number;
  lines: number;
}

/**
 * A line protocol: `ECHO text`, `TIME`, `SLEEP ms`, `STATS`, `QUIT`; every line gets one line in reply.
 */
export function startLineServer(statistics: LineStatistics, port = 0) {
  return startServer((stream) => serveLines(stream, statistics), { host: '127.0.0.1', port });
}

function* serveLines(stream: Stream, statistics: LineStatistics): Coroutine<void> {
  statistics.connections++;
  for (;;) {
    const line = yield* stream.readLine();
    if (line === null) return;
    statistics.lines++;
    const [command, ...words] = line.toString().trim().split(' ');
    switch (command?.toUpperCase()) {
      case 'ECHO':
        yield* stream.write(`${words.join(' ')}\n`);
        break;
      case 'TIME':
        yield* stream.write(`${new Date().toISOString()}\n`);
        break;
      case 'SLEEP': {
        const delayMs = Number(words[0]);
        if (!(delayMs >= 0 && delayMs <= 60_000)) {
          yield* stream.write('error: SLEEP takes milliseconds, 0 to 60000\n');
          break;
        }
        yield* sleep(delayMs);
        yield* stream.write('awake\n');
        break;
      }
      case 'STATS':
        yield* stream.write(`${JSON.stringify(statistics)}\n`);
        break;
      case 'QUIT':
        yield* stream.write('bye\n');
        return;
      default:
        yield* stream.write(`error: unknown command ${command}\n`);
    }
  }
}

export type { Server };
