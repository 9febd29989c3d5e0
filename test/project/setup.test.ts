import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/build.js';
import { temporaryFolder } from '../support/folder.js';

const folder = temporaryFolder();
const setup = pathToFileURL(join(ROOT, 'scripts', 'setup.js')).href;

/** Takes the lock in another process, which does `work` and says so, or looks three times in vain. */
function locked(lock: string, work: string): { readonly stdout: string; readonly stderr: string } {
  const code = `const { withLock } = await import('${setup}');
    let looks = 0;
    Atomics.wait = () => { if (++looks === 3) process.exit(); };
    const lock = '${lock}';
    withLock(lock, () => { ${work}; console.log('done'); });`;
  const args = ['--input-type=module', '--eval', code];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

describe('the lock of the set-up', () => {
  it('of a process that died in the middle, as by Ctrl-C, keeps nobody waiting', () => {
    const lock = join(folder, 'died');
    expect(locked(lock, "process.kill(process.pid, 'SIGKILL')").stdout).toBe('');
    expect(Number(readFileSync(lock, 'utf8'))).toBeGreaterThan(0);
    expect(locked(lock, '')).toMatchObject({ stdout: 'done\n', stderr: '' });
    expect(existsSync(lock)).toBe(false);
  });

  it('that says nothing is of a process that died as it wrote it, if it is not new', () => {
    const lock = join(folder, 'empty');
    writeFileSync(lock, '');
    utimesSync(lock, 1, 1);
    expect(locked(lock, '')).toMatchObject({ stdout: 'done\n', stderr: '' });
  });

  it('of a process that runs is waited for, which is said once', () => {
    const lock = join(folder, 'held');
    writeFileSync(lock, String(process.pid));
    expect(locked(lock, '')).toMatchObject({
      stdout: '',
      stderr: 'siglab: waiting for another process that sets the checkout up\n',
    });
    expect(readFileSync(lock, 'utf8')).toBe(String(process.pid));
  });
});
