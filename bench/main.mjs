#!/usr/bin/env node
// npm run bench -- echo|timers|tasks [options]
import process from 'node:process';
import { UsageError } from './support/options.mjs';

/** @type {Record<string, { about: string, load: () => Promise<{ main(args: string[]): Promise<void> }> }>} */
const benches = {
  echo: { about: 'TCP echo servers beside node:net', load: () => import('./echo/bench.mjs') },
  timers: { about: 'how late sleeps wake up, beside setTimeout', load: () => import('./timers/bench.mjs') },
  tasks: {
    about: 'cost of tasks beside promises, Effect, Effection and asyncio',
    load: () => import('./tasks/bench.mjs'),
  },
};

function usage() {
  const lines = Object.entries(benches).map(([name, bench]) => `  ${name.padEnd(8)} ${bench.about}`);
  return `usage: npm run bench -- <bench> [options]\n\n${lines.join('\n')}\n\n<bench> --help lists its options; bench/README.md explains the figures.\n`;
}

/** @param {string[]} args */
async function main([name, ...args]) {
  if (name === '--help' || name === '-h') {
    process.stdout.write(usage());
    return;
  }
  const bench = name === undefined ? undefined : benches[name];
  if (bench === undefined || !Object.hasOwn(benches, String(name))) {
    throw new UsageError(
      name === undefined ? `which bench?\n\n${usage()}` : `there is no bench '${name}'\n\n${usage()}`,
    );
  }
  await (await bench.load()).main(args);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 2;
}
