/**
 * What a fresh checkout needs before anything runs: the packages of the lock file, and a build. Does only what is
 * missing or stale, and says so in a line each.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const inRoot = (...names) => join(root, ...names);
const LOCK_WAIT_MS = 200;
const STALE_LOCK_MS = 10 * 60_000;
const EMPTY_LOCK_MS = 2_000;

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error !== undefined) throw error;
  return status ?? 1;
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return '';
  }
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

/** Whether a process runs, whoever's it is. */
function runs(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/** Whether a lock was left behind. One that says nothing is being written, or was when its process died. */
function isLeft(lock) {
  const held = statSync(lock, { throwIfNoEntry: false });
  const pid = Number(read(lock));
  const age = held === undefined ? 0 : Date.now() - held.mtimeMs;
  return pid === 0 ? age > EMPTY_LOCK_MS : !runs(pid) || age > STALE_LOCK_MS;
}

/** Lets one process at a time set up; a lock left behind by one that died, as by Ctrl-C, is broken. */
export function withLock(lock, work) {
  for (let told = false; ; ) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isLeft(lock)) {
      rmSync(lock, { force: true });
      continue;
    }
    if (!told) console.error('siglab: waiting for another process that sets the checkout up');
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_WAIT_MS);
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
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
  return withLock(inRoot('.siglab-setup.pid'), () => installIfNeeded() && buildIfStale());
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !setup()) process.exit(1);
