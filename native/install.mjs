// The package's install script: a prebuilt binary that loads here is taken, anything else is built with node-gyp.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const prebuilds = join(root, 'prebuilds', `${process.platform}-${process.arch}`);

function prebuiltLoads() {
  if (!existsSync(prebuilds)) return false;
  const require = createRequire(import.meta.url);
  return readdirSync(prebuilds).some((file) => {
    try {
      require(join(prebuilds, file));
      return true;
    } catch {
      return false; // another libc's, or too new for this system
    }
  });
}

if (!prebuiltLoads()) {
  const { status } = spawnSync('node-gyp', ['rebuild'], { cwd: root, stdio: 'inherit' });
  process.exit(status ?? 1);
}
