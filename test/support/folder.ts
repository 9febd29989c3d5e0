/** A folder for what a test file writes. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Makes an empty folder, which is removed after the tests of the file, or of the `describe` that asks for it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'siglab-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
