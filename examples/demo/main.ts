// `npm run demo`: starts examples/service in this process, drives it with node:net and node:http clients, and
// prints what it did.
import { type Coroutine, capabilities, createTask, gather, run, sleep, type Task } from 'coriolis';
import { startService } from '../service/service.js';
import { compareEcho } from './echo-comparison.js';
import { talkLines } from './line-client.js';
import { sleepAccuracy } from './sleep-accuracy.js';
import { driveLongTasks } from './web-client.js';

await run(async () => {
  const { backends, default: backend } = capabilities();
  const refused = backends
    .filter(({ available }) => !available)
    .map(({ name, reason }) => `${name}: ${reason}`);
  print('backend', refused.length === 0 ? backend : `${backend} (${refused.join('; ')})`);

  const service = await startService();
  print('service', `lines on port ${service.linePort}, web on port ${service.webPort}, both in this process`);

  const lines = await talkLines(service.linePort, { clients: 50, linesEach: 40 });
  print(
    'lines',
    `${lines.replies} replies to ${lines.clients} node:net clients, in ${lines.elapsedMs.toFixed(0)} ms`,
  );

  const web = await driveLongTasks(service.webPort, 20);
  print(
    'web',
    `${web.requests} requests; ${web.started} long tasks answered at once (${web.answerMs.toFixed(1)} ms median), ` +
      `${web.finished} finished, ${web.cancelled} cancelled over HTTP`,
  );

  const spawned = await spawnMany(10_000);
  print('tasks', `${spawned.count} tasks of 3 steps in ${spawned.elapsedMs.toFixed(0)} ms on the loop`);

  for (const { delayMs, loopMs, timeoutMs } of await sleepAccuracy([0.2, 1.5])) {
    print(
      'sleep',
      `sleep(${delayMs}) took ${loopMs.toFixed(3)} ms (median); setTimeout(${delayMs}) took ${timeoutMs.toFixed(3)} ms`,
    );
  }

  const echo = await compareEcho({ connections: 32, messageBytes: 1024, roundMs: 700, rounds: 3 });
  print(
    'echo',
    `${Math.round(echo.coriolis)} requests/s; node:net in the same run ${Math.round(echo.nodeNet)} ` +
      `(ratio ${(echo.coriolis / echo.nodeNet).toFixed(2)}, clients are node:net in a worker)`,
  );

  print('background', `${service.ticks()} ticks of the housekeeping task meanwhile`);
  await service.stop();
});

function print(what: string, text: string): void {
  console.log(`${what.padEnd(11)} ${text}`);
}

async function spawnMany(count: number): Promise<{ count: number; elapsedMs: number }> {
  function* steps(): Coroutine<void> {
    for (let step = 0; step < 3; step++) yield* sleep(0);
  }
  const begunMs = performance.now();
  const tasks: Task<void>[] = [];
  for (let index = 0; index < count; index++) tasks.push(createTask(steps()));
  await gather(tasks);
  return { count, elapsedMs: performance.now() - begunMs };
}
