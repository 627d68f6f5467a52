import { fileURLToPath } from 'node:url';
import {
  capabilities,
  DefaultEventLoopPolicy,
  newEventLoop,
  ProactorEventLoop,
  SelectorEventLoop,
} from 'coriolis';
import { expect, test } from 'vitest';
import { runFixture } from '../support/child.ts';

const refuse = fileURLToPath(new URL('../support/refuse_io_uring.py', import.meta.url));

test('the backend under test is the default, and loops are of its class', () => {
  const { backends, default: backend } = capabilities();
  expect(backend).toBe(process.env.CORIOLIS_LOOP);
  expect(backends.map(({ name }) => name)).toEqual(['io_uring', 'epoll']);
  const loop = newEventLoop();
  expect(loop).toBeInstanceOf(backend === 'io_uring' ? ProactorEventLoop : SelectorEventLoop);
  loop.close();
});

// What container runtimes (EPERM), old kernels (ENOSYS) and hardened systems (EACCES) answer.
test.each([
  [1, 'EPERM'],
  [38, 'ENOSYS'],
  [13, 'EACCES'],
  [12, 'ENOMEM'],
])('io_uring refused with errno %i: epoll takes over by itself, the reason is kept', async (number, name) => {
  const child = runFixture('which-backend', [], `exec python3 ${refuse} ${number}`, { CORIOLIS_LOOP: '' });
  const report = JSON.parse(await child.line(''));
  expect(await child.ended).toBe(0);
  expect(report).toMatchObject({ backend: 'epoll', default: 'epoll', echoed: 'echo' });
  expect(report.backends[0]).toMatchObject({ name: 'io_uring', available: false });
  expect(report.backends[0].reason).toContain('io_uring_setup');
  expect(report.backends[0].reason).toContain(name);
});

test('asking for a refused backend says why; asking for an unknown one names those there are', async () => {
  const child = runFixture('which-backend', [], `exec python3 ${refuse} 1`, { CORIOLIS_LOOP: 'io_uring' });
  expect(await child.ended).toBe(1);
  expect(child.stderr()).toContain('the io_uring backend is not available: io_uring_setup');
  const before = process.env.CORIOLIS_LOOP;
  process.env.CORIOLIS_LOOP = 'kqueue!';
  try {
    expect(() => new DefaultEventLoopPolicy().newEventLoop()).toThrow(
      'CORIOLIS_LOOP must be one of io_uring, epoll',
    );
  } finally {
    process.env.CORIOLIS_LOOP = before;
  }
});
