// Part of `npm run lint`: an import may only go down the floors of lib/ (docs/architecture.md). A type-only import
// may look up, because nothing of it is left at run time.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** From the ground up; rooms on one line are one floor and do not import each other. */
const floors = [
  ['arguments.ts'],
  ['native'],
  ['scheduler'],
  ['tasks'],
  ['sync'],
  ['net', 'fs', 'process'],
  ['loop'],
  ['interop', 'testing'],
  ['index.ts'],
];

const root = dirname(fileURLToPath(import.meta.url));
const floorOf = (room) => floors.findIndex((rooms) => rooms.includes(room));
const roomOf = (path) => relative(root, path).split(sep)[0];

/** @type {string[]} */
const faults = [];
for (const file of readdirSync(root, { recursive: true })) {
  if (!file.endsWith('.ts')) continue;
  const path = join(root, file);
  const room = roomOf(path);
  if (floorOf(room) < 0) faults.push(`lib/${file}: ${room} is on no floor`);
  const imports = /^(?:import|export)\s+(?!type\b)[^;]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm;
  for (const match of readFileSync(path, 'utf8').matchAll(imports)) {
    const specifier = match[1] ?? match[2];
    if (!specifier.startsWith('.')) continue;
    const target = roomOf(join(dirname(path), specifier));
    if (target === room) continue;
    if (floorOf(target) >= floorOf(room)) faults.push(`lib/${file} must not import lib/${target}`);
  }
}

for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
