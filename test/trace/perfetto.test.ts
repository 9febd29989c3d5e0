import { describe, expect, it } from 'vitest';
import { replayWithStacks } from '../../src/explore/replay.js';
import { TRACE_NAMES } from '../../src/kernel/trace.js';
import { perfettoTrace, type TraceEntry } from '../../src/trace/perfetto.js';
import { CPUS, killVsExecMachine, randomSchedule, UNPATCHED } from '../support/kill-vs-exec.js';

const machine = killVsExecMachine(UNPATCHED);
const { events } = replayWithStacks(machine, randomSchedule(machine, 5));
const trace = perfettoTrace(events, {
  tracks: Array.from({ length: CPUS }, (_, cpu) => `CPU ${cpu}`),
  eventNames: TRACE_NAMES,
  about: { token: 'none' },
});
const entries = trace.traceEvents;
const ofPhase = (...phases: TraceEntry['ph'][]): TraceEntry[] => entries.filter(({ ph }) => phases.includes(ph));

describe('a trace for Perfetto', () => {
  it('is in the order of time, and survives JSON', () => {
    const times = entries.map(({ ts }) => ts);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(JSON.parse(JSON.stringify(trace))).toEqual(trace);
    for (const { ts } of entries) expect(Number.isInteger(ts) && ts >= 0).toBe(true);
  });

  it('names a track for each CPU, none of which is thread 0', () => {
    const names = ofPhase('M').filter(({ name }) => name === 'thread_name');
    expect(names.map(({ tid, args }) => [tid, args?.name])).toEqual([
      [1, 'CPU 0'],
      [2, 'CPU 1'],
      [3, 'CPU 2'],
    ]);
    for (const { tid, pid } of entries) expect(tid > 0 && pid > 0).toBe(true);
  });

  it('has slices that are nested within each other on each track, none of them empty', () => {
    for (let tid = 1; tid <= CPUS; tid++) {
      const open: number[] = [];
      for (const { ts, dur = 0 } of ofPhase('X').filter((slice) => slice.tid === tid)) {
        expect(dur).toBeGreaterThan(0);
        while (open.length > 0 && (open.at(-1) as number) <= ts) open.pop();
        const around = open.at(-1);
        if (around !== undefined) expect(ts + dur).toBeLessThanOrEqual(around);
        open.push(ts + dur);
      }
    }
    const names = ofPhase('X').map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['kill_pid_info', 'de_thread', 'task 100']));
  });

  it('has arrows in pairs, later at their end, from and to a slice', () => {
    const starts = ofPhase('s');
    expect(new Set(starts.map(({ id }) => id)).size).toBe(starts.length);
    expect(ofPhase('f')).toHaveLength(starts.length);
    for (const start of starts) {
      expect(start.id).toBeTypeOf('number');
      const end = ofPhase('f').find(({ id }) => id === start.id);
      expect(end).toMatchObject({ bp: 'e', name: start.name, cat: start.cat });
      expect(end?.ts).toBeGreaterThanOrEqual(start.ts);
      for (const at of [start, end as TraceEntry]) {
        const around = ofPhase('X').some(({ tid, ts, dur = 0 }) => tid === at.tid && ts <= at.ts && at.ts <= ts + dur);
        expect(around).toBe(true);
      }
    }
    expect(new Set(starts.map(({ name }) => name))).toEqual(new Set(['wake-up', 'signal']));
  });

  it('has locks as asynchronous slices, each of which ends after it began', () => {
    const begins = ofPhase('b');
    expect(begins.length).toBeGreaterThan(3);
    expect(ofPhase('e')).toHaveLength(begins.length);
    for (const { id, name, ts, cat } of begins) {
      const end = ofPhase('e').find((one) => one.id === id);
      expect(end).toMatchObject({ name, cat });
      expect(end?.ts).toBeGreaterThan(ts);
    }
  });

  it('has an instant with the kernel’s fields for each trace point', () => {
    const points = events.filter(({ event }) => TRACE_NAMES[event] !== undefined);
    const instants = ofPhase('i');
    expect(instants.map(({ name }) => name)).toEqual(points.map(({ event }) => TRACE_NAMES[event]));
    for (const { s } of instants) expect(s).toBe('t');
    expect(instants.find(({ name }) => name === 'sched_switch')?.args).toHaveProperty('next_pid');
  });
});
