import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Addon } from './addon.ts';

const require = createRequire(import.meta.url);

/**
 * Where the binary may be, best first: a local build (it fits this machine exactly), then the prebuilt one of this
 * platform. `lib/native` and `dist/native` lie equally deep, so one relative path serves both.
 */
function candidates(): string[] {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
  const found = [
    join(root, 'build', 'Release', 'coriolis.node'),
    join(root, 'build', 'Debug', 'coriolis.node'),
  ];
  const prebuilds = join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  if (existsSync(prebuilds)) {
    const libc = usesMusl() ? 'musl' : 'glibc';
    for (const file of readdirSync(prebuilds)) {
      if (!file.endsWith('.node')) continue;
      const tagged = /\.(musl|glibc)\./.exec(file);
      if (!tagged || tagged[1] === libc) found.push(join(prebuilds, file));
    }
  }
  return found.filter((file) => existsSync(file));
}

function usesMusl(): boolean {
  if (process.platform !== 'linux') return false;
  const header = (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header;
  return header.glibcVersionRuntime === undefined;
}

function load(): Addon {
  const files = candidates();
  const failures: unknown[] = [];
  for (const file of files) {
    try {
      return require(file) as Addon;
    } catch (error) {
      failures.push(error);
    }
  }
  throw new Error(
    files.length === 0
      ? `coriolis has no binary for ${process.platform}-${process.arch}; build one with: npm rebuild coriolis`
      : `coriolis could not load its binary: ${files.join(', ')}`,
    { cause: failures[0] },
  );
}

/** The C++ core of this process. Loaded once, by the first import. */
export const addon: Addon = load();
