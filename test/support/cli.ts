/** Calls the command line as a user does: another process, with pipes and no terminal. */

import { type ChildProcess, spawn } from 'node:child_process';
import { expect } from 'vitest';
import { ROOT } from './build.js';

export interface Called {
  /** Null for a process that a signal ended. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  /** Another program than the checkout's. */
  readonly program?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called once the process runs. */
  readonly started?: (child: ChildProcess) => void;
}

/** Runs `siglab` to its end. */
export function siglab(args: readonly string[], options: CallOptions = {}): Promise<Called> {
  const { program = 'bin/siglab.js', cwd = ROOT, env = {}, started } = options;
  // What vitest sets for its own output would colour that of programs that look for it.
  const { FORCE_COLOR, NO_COLOR, NODE_OPTIONS, ...inherited } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd,
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
    started?.(child);
  });
}

/** The one JSON document that standard output must be, with nothing on standard error. */
export function documentOf({ stdout, stderr }: Called): Record<string, unknown> {
  expect(stderr).toBe('');
  const document: unknown = JSON.parse(stdout);
  expect(document).toBeTypeOf('object');
  return document as Record<string, unknown>;
}

/** Calls with `--json`, and gives the document and the status. */
export async function siglabJson(
  ...args: readonly string[]
): Promise<{ readonly status: number | null; readonly document: Record<string, unknown> }> {
  const called = await siglab([...args, '--json']);
  return { status: called.status, document: documentOf(called) };
}

/** A part of a document that must be an object. */
export function objectAt(document: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = document[name];
  expect(value, name).toBeTypeOf('object');
  expect(value, name).not.toBeNull();
  return value as Record<string, unknown>;
}

/** A part of a document that must be text. */
export function textAt(document: Record<string, unknown>, name: string): string {
  const value = document[name];
  expect(value, name).toBeTypeOf('string');
  return String(value);
}

/** A part of a document that must be a list of objects. */
export function listAt(document: Record<string, unknown>, name: string): Record<string, unknown>[] {
  const value = document[name];
  expect(Array.isArray(value), `${name} is a list`).toBe(true);
  return value as Record<string, unknown>[];
}

/** That a call was refused: status 2, nothing on standard output, and one sentence on standard error. */
export function expectRefused({ status, stdout, stderr }: Called, sentence: RegExp | string): void {
  expect(stderr).toMatch(sentence);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stdout).toBe('');
  expect(status).toBe(2);
}

/** Makes node say on standard error when somebody begins to listen to Ctrl-C. */
const ANNOUNCE =
  "process.on('newListener',(name)=>{if(name==='SIGINT')setImmediate(()=>process.stderr.write('listening\\n'))})";

export interface InterruptOptions {
  /** Presses Ctrl-C after so long even if nobody listens: a program that never does is ended by it. */
  readonly patienceMs: number;
  /** Another signal than that of Ctrl-C. */
  readonly signal?: 'SIGINT' | 'SIGTERM';
  /** Presses it when this is on standard error, and not as soon as somebody listens. */
  readonly when?: string;
  /** Presses it again and again, for a moment. */
  readonly repeatedly?: boolean;
}

/** Runs `siglab` and presses Ctrl-C as soon as it listens. */
export async function siglabInterrupted(
  args: readonly string[],
  { patienceMs, signal = 'SIGINT', when = 'listening', repeatedly = false }: InterruptOptions,
): Promise<Called> {
  const timers: NodeJS.Timeout[] = [];
  const called = await siglab(args, {
    env: { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(ANNOUNCE)}"` },
    started: (child) => {
      const interrupt = (): void => {
        child.kill(signal);
        if (!repeatedly) return;
        const again = setInterval(() => child.kill(signal), 5);
        timers.push(setTimeout(() => clearInterval(again), 300));
        child.once('exit', () => clearInterval(again));
      };
      timers.push(setTimeout(interrupt, patienceMs));
      // Nothing may be left running when the test is over.
      timers.push(setTimeout(() => child.kill('SIGKILL'), patienceMs + 60_000));
      child.stderr?.on('data', (text: string) => {
        if (!text.includes(when)) return;
        clearTimeout(timers[0]);
        interrupt();
      });
    },
  });
  for (const timer of timers) clearTimeout(timer);
  return { ...called, stderr: called.stderr.replaceAll('listening\n', '').replaceAll(`${when}\n`, '') };
}
