// The service on its own: npx tsc -p examples && node build/examples/service/main.js
import { Event, run } from 'coriolis';
import { startService } from './service.js';

await run(async () => {
  const service = await startService({ line: 7007, web: 8008 });
  console.log(`lines on 127.0.0.1:${service.linePort}, web on http://127.0.0.1:${service.webPort}/long-task`);
  try {
    await new Event().wait(); // until SIGINT cancels this task
  } finally {
    await service.stop();
  }
});
