import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'coriolis-package-'));
const installed = join(folder, 'node_modules', 'coriolis');

// What a user gets: the packed tarball, with a prebuilt binary and no compiler's output.
beforeAll(() => {
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ filename }] = Object.values(JSON.parse(packed)) as [{ filename: string }];
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['xzf', join(folder, filename), '-C', installed, '--strip-components=1']);
  const prebuilds = join(installed, 'prebuilds', `${process.platform}-${process.arch}`);
  mkdirSync(prebuilds, { recursive: true });
  copyFileSync(join(root, 'build', 'Release', 'coriolis.node'), join(prebuilds, `coriolis.${libc()}.node`));
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true }));

function libc(): string {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

function runScript(name: string, source: string): string {
  const file = join(folder, name);
  writeFileSync(file, source);
  return execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' }).trim();
}

test('the packed package works with its prebuilt binary, every entry of it', () => {
  const source = `
    import { run, sleep } from 'coriolis';
    import { startServer, openConnection } from 'coriolis/net';
    import { runVirtual } from 'coriolis/testing';
    console.log(await run(async () => {
      const server = await startServer(async (stream) => { await stream.write('hi'); }, { host: '127.0.0.1' });
      const stream = await openConnection({ host: '127.0.0.1', port: server.addresses[0].port });
      const greeting = (await stream.readExactly(2)).toString();
      await stream.close();
      server.close();
      await server.waitClosed();
      return greeting;
    }));
    console.log(await runVirtual(function* () { yield* sleep(3_600_000); return 'an hour later'; }));
  `;
  expect(runScript('user.mjs', source).split('\n')).toEqual(['hi', 'an hour later']);
});

test('its declarations compile for a user who checks those of libraries as well', () => {
  const source = `
    import { gather, run, sleep, Task, type Future } from 'coriolis';
    import { openConnection, type Stream } from 'coriolis/net';
    import { runVirtual } from 'coriolis/testing';
    const both: Future<[number, string]> = gather([async () => 1, sleep(1, 'text')]);
    const connect: (options: { port: number }) => PromiseLike<Stream> = openConnection;
    void run(async () => await both);
    void runVirtual(function* () { yield* sleep(1); });
    void connect; void Task;
  `;
  writeFileSync(join(folder, 'user.ts'), source);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(root, 'node_modules', '@types'), join(folder, 'node_modules', '@types'));
  symlinkSync(join(root, 'node_modules', 'undici-types'), join(folder, 'node_modules', 'undici-types'));
  const options = ['--strict', '--noEmit', '--target', 'es2022', '--module', 'node16', '--types', 'node'];
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [compiler, ...options, 'user.ts'], { cwd: folder, stdio: 'inherit' });
}, 60_000);

test('the install script is content with a prebuilt binary', () => {
  const script = join(installed, 'native', 'install.mjs');
  // With an empty PATH there is no node-gyp to fall back to.
  execFileSync(process.execPath, [script], { env: { PATH: '' } });
});

test('two copies of the package in one process do not disturb each other', () => {
  const source = `
    import { run, sleep } from 'coriolis';
    import { run as otherRun, sleep as otherSleep } from ${JSON.stringify(`${root}/dist/index.js`)};
    const results = await Promise.all([
      run(async () => { await sleep(2); return 1; }),
      otherRun(async () => { await otherSleep(1); return 2; }),
    ]);
    console.log(JSON.stringify(results));
  `;
  expect(runScript('two.mjs', source)).toBe('[1,2]');
});
