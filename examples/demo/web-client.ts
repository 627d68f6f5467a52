import { request } from 'node:http';
import type { TaskReport } from '../service/long-tasks.js';

/** Starts long tasks over HTTP, cancels every other one, and waits until all have ended. */
export async function driveLongTasks(port: number, count: number) {
  const answers: number[] = [];
  const ids: string[] = [];
  let requests = 0;
  const call = async <T>(method: string, path: string): Promise<T> => {
    requests++;
    return (await fetchJson(port, method, path)) as T;
  };
  for (let task = 0; task < count; task++) {
    const begunMs = performance.now();
    const { id } = await call<{ id: string }>('POST', '/long-task?steps=50');
    answers.push(performance.now() - begunMs);
    ids.push(id);
  }
  for (const id of ids.filter((_, task) => task % 2 === 1)) await call('DELETE', `/tasks/${id}`);
  const states = { finished: 0, cancelled: 0 };
  for (const id of ids) {
    for (;;) {
      const report = await call<TaskReport>('GET', `/tasks/${id}`);
      if (report.state === 'finished' || report.state === 'cancelled') {
        states[report.state]++;
        break;
      }
      if (report.state === 'failed') throw new Error(report.error);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  answers.sort((a, b) => a - b);
  return { requests, started: count, answerMs: answers[count >> 1]!, ...states };
}

function fetchJson(port: number, method: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
