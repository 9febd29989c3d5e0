/** What runs the built code, worker threads and the command line, needs it fresh. */

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Builds the project if anything has changed since it was built last. */
export function ensureBuilt(): void {
  execFileSync(process.execPath, ['scripts/setup.js'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
}
