import { defineConfig } from 'vitest/config';
import { addon } from './lib/native/load.ts';

/**
 * Every test runs once per backend, told apart by CORIOLIS_LOOP. A backend that this machine refuses is left out
 * with a notice, unless CORIOLIS_REQUIRE names it (CI does): then its tests run, and fail.
 */
const required = (process.env.CORIOLIS_REQUIRE ?? '').split(',');
const backends = addon.backends().filter(({ name, available, reason }) => {
  if (!available && !required.includes(name)) console.warn(`backend ${name} is not tested: ${reason}`);
  return available || required.includes(name);
});

export default defineConfig({
  resolve: {
    alias: [
      { find: /^coriolis$/, replacement: new URL('./lib/index.ts', import.meta.url).pathname },
      { find: /^coriolis\/(\w+)$/, replacement: new URL('./lib/$1/index.ts', import.meta.url).pathname },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    projects: backends.map(({ name }) => ({
      extends: true,
      test: { name, env: { CORIOLIS_LOOP: name } },
    })),
  },
});
