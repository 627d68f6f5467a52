import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A child process that runs a fixture, with what it printed so far. */
export interface Child {
  readonly process: ChildProcess;
  readonly lines: string[];
  /** The next line that starts with `prefix`, without it; also one that was printed before. */
  line(prefix: string): Promise<string>;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  stderr(): string;
}

/** Runs `test/fixtures/<name>.mjs` on the backend under test, perhaps behind a shell command such as `ulimit -n 50; exec`. */
export function runFixture(name: string, args: string[] = [], shellPrefix = 'exec', environment = {}): Child {
  const file = fileURLToPath(new URL(`../fixtures/${name}.mjs`, import.meta.url));
  const command = [process.execPath, ...(args.includes('--expose-gc') ? ['--expose-gc'] : []), file, ...args];
  const quoted = command.map((word) => `'${word}'`).join(' ');
  const child = spawn('sh', ['-c', `${shellPrefix} ${quoted}`], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const lines: string[] = [];
  const waiters: { prefix: string; resolve: (rest: string) => void }[] = [];
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const waiter of [...waiters]) {
      if (!line.startsWith(waiter.prefix)) continue;
      waiters.splice(waiters.indexOf(waiter), 1);
      waiter.resolve(line.slice(waiter.prefix.length).trim());
    }
  });
  const ended = once(child, 'close').then(([code, signal]) => (signal ?? code) as number | string);
  return {
    process: child,
    lines,
    ended,
    stderr: () => errors,
    line: (prefix) => {
      const found = lines.find((line) => line.startsWith(prefix));
      if (found !== undefined) return Promise.resolve(found.slice(prefix.length).trim());
      return Promise.race([
        new Promise<string>((resolve) => waiters.push({ prefix, resolve })),
        ended.then((code) => {
          throw new Error(`the child ended (${code}) without printing ${prefix}: ${errors}`);
        }),
      ]);
    },
  };
}
