import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A pipe (a FIFO without a name, really), both ends non-blocking. */
export function pipe(): { read: number; write: number; close(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'coriolis-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const write = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  rmSync(folder, { recursive: true });
  return {
    read,
    write,
    close: () => {
      closeSync(read);
      closeSync(write);
    },
  };
}
