import { describe, expect, it } from 'vitest';
import { minimize } from '../../src/explore/minimize.js';
import { replayWithStacks } from '../../src/explore/replay.js';
import { findSwitches } from '../../src/explore/switches.js';
import { tellAccount } from '../../src/trace/account.js';
import { failingSchedule, killVsExecMachine, PATCHED } from '../support/kill-vs-exec.js';

const WATCH = ['kill_pid_info', 'de_thread'];

describe('the account of kill against exec', () => {
  const machine = killVsExecMachine(PATCHED);
  const { schedule } = minimize(machine, failingSchedule(machine, 1).schedule);
  const { events, violation } = replayWithStacks(machine, schedule);
  const parts = tellAccount(events, {
    switches: findSwitches(machine, schedule),
    watch: WATCH,
    violation,
    tracks: ['CPU 0', 'CPU 1', 'CPU 2'],
  });
  const text = parts.map((part) => part.text).join('\n');

  it('tells the race in plain words, in order', () => {
    const told = [
      /Process 100, running "killer",/,
      /calls kill\(101, SIGTERM\): it asks the kernel to send SIGTERM to process 101/,
      /looks up number 101: it leads to thread 101/,
      /CPU 0 is held up here in .*; CPU 2 goes on/,
      /calls execve\(\): it replaces the program/,
      /wakes thread 101, for which SIGKILL waits: it is to die/,
      /is a zombie now/,
      /makes the number 101 lead to thread 102/,
      /cuts thread 101 off/,
      /begins to run its new program, "image"/,
      /on CPU 0, goes on where it was held up/,
      /finds that thread 101 is gone/,
      /kill fails with ESRCH \(there is no such process\)/,
      /Here it goes wrong, on CPU 0 in check/,
    ];
    let from = 0;
    for (const sentence of told) {
      const at = text.slice(from).search(sentence);
      expect(at, String(sentence)).toBeGreaterThanOrEqual(0);
      from += at;
    }
  });

  it('uses no word of the kernel’s structures', () => {
    expect(text).not.toMatch(/task_struct|sighand|siglock|TASK_|TIF_|->|exit_state/);
  });

  it('says in which watched function something is done', () => {
    const named = parts.filter(({ watched }) => watched !== null);
    expect(new Set(named.map(({ watched }) => watched))).toEqual(new Set(WATCH));
  });

  it('names who does something before what is done, and does not repeat itself', () => {
    expect(parts[0]?.kind).toBe('who');
    expect(parts.at(-1)?.kind).toBe('end');
    parts.forEach((part, at) => {
      const before = parts[at - 1];
      if (part.kind === 'does') expect(before?.kind).not.toBe('switch');
      if (part.kind === 'who') expect(parts[at + 1]?.kind).toBe('does');
      expect(part.text).not.toBe(before?.text);
    });
  });
});
