import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, ROOT } from '../support/build.js';
import { temporaryFolder } from '../support/folder.js';
import { SCENARIO } from '../support/kill-vs-exec.js';

/** Runs npm or npx, and gives what it prints on standard output. Fails with what it prints on standard error. */
function call(program: 'npm' | 'npx', cwd: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

describe('the package', () => {
  const folder = temporaryFolder();
  const user = temporaryFolder();
  const installed = join(user, 'node_modules', 'siglab');

  beforeAll(() => {
    ensureBuilt();
    call('npm', ROOT, 'pack', '--pack-destination', folder);
    const [tarball = ''] = readdirSync(folder);
    writeFileSync(join(user, 'package.json'), '{ "private": true }\n');
    const flags = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
    call('npm', user, 'install', ...flags, join(folder, tarball));
  }, 300_000);

  it('holds the built code, the sources that stories point to, and nothing of the tests', () => {
    for (const path of ['dist/src/cli/main.js', 'dist/workers/cpu.js', 'src/kernel/fork.ts', 'package.json']) {
      expect(existsSync(join(installed, path)), path).toBe(true);
    }
    for (const path of ['test', 'dist/test', 'scripts', 'coverage', 'node_modules/typescript']) {
      expect(existsSync(join(installed, path)), path).toBe(false);
    }
  });

  it('lists its scenarios where it is installed', () => {
    const { scenarios } = JSON.parse(call('npx', user, 'siglab', 'list', '--json'));
    expect(scenarios).toContainEqual(expect.objectContaining({ name: SCENARIO }));
  });

  it('runs a scenario on real threads where it is installed', () => {
    const document = JSON.parse(call('npx', user, 'siglab', 'run', SCENARIO, '--iterations', '20', '--json'));
    expect(document).toMatchObject({ scenario: SCENARIO, iterations: 20, verdict: 'holds' });
  });

  // `exports` names dist/src/index.js, and there is no src/index.ts.
  it('can be imported by its name', () => {
    const script = "import('siglab').then((library) => console.log(Object.keys(library).length))";
    const count = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: user,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(Number(count)).toBeGreaterThan(0);
  });
});
