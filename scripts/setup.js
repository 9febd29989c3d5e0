/**
 * What a fresh checkout needs before anything runs: the packages of the lock file, and a build. Does only what is
 * missing or stale, and says so in a line each.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const inRoot = (...names) => join(root, ...names);
const LOCK_WAIT_MS = 200;
const STALE_LOCK_MS = 10 * 60_000;

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error !== undefined) throw error;
  return status ?? 1;
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** The state of the sources as one string: names, sizes and times of change. */
function sourcesStamp() {
  const hash = createHash('sha256');
  const visit = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    // The benches write their figures beside their sources.
    if (path === inRoot('bench', 'results.json')) return;
    if (stat.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
    else hash.update(`${path} ${stat.size} ${stat.mtimeMs}\n`);
  };
  for (const name of ['src', 'workers', 'scenarios', 'bench', 'tsconfig.json', 'package.json']) visit(inRoot(name));
  return hash.digest('hex');
}

function installIfNeeded() {
  const stamp = inRoot('node_modules', '.siglab-lock');
  const wanted = createHash('sha256')
    .update(read(inRoot('package-lock.json')))
    .digest('hex');
  if (read(stamp) === wanted) return true;
  console.error('siglab: installing packages');
  // Not `npm ci`: it refuses a lock file without the optional binaries of platforms that a registry does not carry.
  if (run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']) !== 0) return false;
  writeFileSync(stamp, wanted);
  return true;
}

function buildIfStale() {
  const stamp = inRoot('dist', '.siglab-build');
  const wanted = sourcesStamp();
  if (read(stamp) === wanted) return true;
  console.error('siglab: building');
  if (
    run(process.execPath, [inRoot('node_modules', 'typescript', 'bin', 'tsc'), '-p', inRoot('tsconfig.json')]) !== 0
  ) {
    return false;
  }
  writeFileSync(stamp, wanted);
  return true;
}

/** Lets one process at a time set up; a lock left behind by one that died is broken. */
function withLock(work) {
  const lock = inRoot('.siglab-setup.lock');
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const held = statSync(lock, { throwIfNoEntry: false });
      if (held !== undefined && Date.now() - held.mtimeMs > STALE_LOCK_MS) rmdirSync(lock);
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_WAIT_MS);
    }
  }
  try {
    return work();
  } finally {
    rmdirSync(lock);
  }
}

/** Sets the checkout up. False if that failed; what failed has been printed. */
export function setup() {
  const ready =
    read(inRoot('node_modules', '.siglab-lock')) !== '' && read(inRoot('dist', '.siglab-build')) === sourcesStamp();
  if (
    ready &&
    createHash('sha256')
      .update(read(inRoot('package-lock.json')))
      .digest('hex') === read(inRoot('node_modules', '.siglab-lock'))
  ) {
    return true;
  }
  return withLock(() => installIfNeeded() && buildIfStale());
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !setup()) process.exit(1);
