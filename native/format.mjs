// Formats all C++ with clang-format: --write changes the files, --check only says which would change.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = ['native', 'bench', 'test/native'].filter((folder) => existsSync(join(root, folder)));

/** Every C++ file below a folder, as paths from the root. */
function sourcesIn(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : sourcesIn(path);
    return /\.(cc|h)$/.test(entry.name) ? [path] : [];
  });
}

const mode = process.argv[2];
if (mode !== '--check' && mode !== '--write') {
  console.error('usage: node native/format.mjs --check | --write');
  process.exit(2);
}
const flags = mode === '--check' ? ['--dry-run', '-Werror'] : ['-i'];
const clangFormat = join(root, 'node_modules/.bin/clang-format');
const files = folders.flatMap(sourcesIn);
const { status, error } = spawnSync(clangFormat, [...flags, ...files], { cwd: root, stdio: 'inherit' });
if (error) console.error(`clang-format: ${error.message}`);
process.exit(status ?? 1);
