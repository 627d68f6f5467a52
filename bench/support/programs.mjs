// Finding and running the programs of a measurement.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from './options.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * The native load generator.
 * @param {string | undefined} given
 */
export function findLoadGenerator(given) {
  const file = given ?? path.join(root, 'build/Release/coriolis_loadgen');
  if (!existsSync(file)) throw new UsageError(`${file} is missing: run \`npm run build:native\` first`);
  return file;
}

/** Fails early, and in words, when the library was not built. */
export function requireLibrary() {
  const file = path.join(root, 'dist/index.js');
  if (!existsSync(file)) throw new UsageError(`${file} is missing: run \`npm run build\` first`);
}

/** @returns {boolean} */
export function hasPeer(/** @type {string} */ name) {
  return existsSync(path.join(root, 'bench/peers/node_modules', name, 'package.json'));
}

/** @returns {string} */
export function peerVersion(/** @type {string} */ name) {
  return JSON.parse(readFileSync(path.join(root, 'bench/peers/node_modules', name, 'package.json'), 'utf8'))
    .version;
}

/** How to get the peers that are npm packages. */
export const peersHint = 'npm install --prefix bench/peers';

/** A program that failed; what it wrote to stderr is in the message. */
export class ProgramError extends Error {}

/**
 * Runs a program that prints one JSON value, and returns that value.
 * @param {string} command
 * @param {string[]} args
 * @param {{ env?: Record<string, string>, timeoutMs: number, acceptedStatus?: number[] }} options
 * @returns {Promise<any>}
 */
export function runForJson(command, args, { env = {}, timeoutMs, acceptedStatus = [0] }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.on('error', reject);
    child.on('close', (status, signal) => {
      const how =
        signal === 'SIGKILL' ? `took longer than ${timeoutMs} ms` : `ended with ${signal ?? status}`;
      if (status === null || !acceptedStatus.includes(status)) {
        reject(new ProgramError(`${path.basename(command)} ${how}: ${excerpt(stderr)}`));
        return;
      }
      try {
        resolve(JSON.parse(stdout));
      } catch {
        reject(new ProgramError(`${path.basename(command)} printed no JSON: ${excerpt(stdout + stderr)}`));
      }
    });
  });
}

/**
 * What a program complained about: from the line that names an error on, or else its last lines.
 * @param {string} text
 */
export function excerpt(text) {
  const lines = text.trim().split('\n');
  const error = lines.findIndex((line) => /^\w*Error\b/.test(line));
  const chosen = error === -1 ? lines.slice(-6) : lines.slice(error, error + 4);
  return chosen.join('\n') || '(no output)';
}
