/** Stories and reports as text. */

import Table from 'cli-table3';
import { replayWithStacks, type StoryEvent } from '../explore/replay.js';
import { SYSCALL_NAMES } from '../kernel/constants.js';
import { TRACE_NAMES } from '../kernel/trace.js';
import type { ControlledMachine } from '../machine/controlled.js';
import type { Violation } from '../sync/gate.js';
import { ftraceLine } from '../trace/ftrace.js';
import { violationReport } from '../trace/report.js';
import { frameText } from '../trace/stack.js';
import { type StoryRow, tellStory } from '../trace/story.js';
import { paint } from './context.js';

/** What ran, for a report. */
export interface Title {
  readonly name: string;
  readonly patches: readonly string[];
  readonly token: string;
}

function titleText({ name, patches }: Title): string {
  return `scenario ${name}, kernel 5.3.1${patches.map((patch) => ` + ${patch}`).join('')}`;
}

/** The report of the violation that a schedule leads to. */
export function reportOf(machine: ControlledMachine, schedule: Uint8Array, title: Title): string {
  const { violation } = replayWithStacks(machine, schedule);
  return violation === null ? '' : violationReport(machine, violation, titleText(title), title.token);
}

export interface StoryOptions {
  /** With the whole call stack of each step. */
  readonly stacks: boolean;
  /** Characters to a line. */
  readonly width: number;
}

/** A schedule as a table: a column for each CPU, a row for each step that matters. */
export function storyOf(machine: ControlledMachine, schedule: Uint8Array, title: Title, options: StoryOptions): string {
  const { events, violation } = replayWithStacks(machine, schedule);
  const rows = tellStory(events, { syscallName: (nr) => SYSCALL_NAMES[nr] ?? `system call ${nr}` });
  const story = storyTable(rows, machine.cpus.length, options);
  return violation === null
    ? story
    : `${story}\n\n${violationReport(machine, violation, titleText(title), title.token)}`;
}

/** A schedule as ftrace would print it. */
export function ftraceOf(
  machine: ControlledMachine,
  schedule: Uint8Array,
): {
  readonly text: string;
  readonly events: readonly StoryEvent[];
  readonly violation: Violation | null;
} {
  const { events, violation } = replayWithStacks(machine, schedule);
  const header = '#           TASK   CPU#    TIMESTAMP  EVENT';
  const lines = events.map((event, index) => ftraceLine(event, index, (number) => TRACE_NAMES[number]));
  return { text: [header, ...lines].join('\n'), events, violation };
}

const STEP_WIDTH = 6;
const HELD_WIDTH = 24;

function storyTable(rows: readonly StoryRow[], cpus: number, { stacks, width }: StoryOptions): string {
  const borders = cpus + 3;
  const column = Math.max(24, Math.floor((width - STEP_WIDTH - HELD_WIDTH - borders) / cpus));
  const table = new Table({
    head: ['step', ...Array.from({ length: cpus }, (_, cpu) => `CPU ${cpu}`), 'locks held'],
    colWidths: [STEP_WIDTH, ...Array.from({ length: cpus }, () => column), HELD_WIDTH],
    wordWrap: true,
    wrapOnWordBoundary: true,
    style: { head: [], border: [], 'padding-left': 1, 'padding-right': 0, compact: true },
  });
  for (const row of rows) {
    const cells = Array.from({ length: cpus }, () => '');
    const place = row.frame === null ? '' : `${row.frame.function} ${shortFile(row.frame.file)}:${row.frame.line}\n`;
    const mark = row.switched ? `${paint('yellow', '▶')} ${paint('bold', row.task)}\n` : '';
    const frames = stacks ? `\n${row.stack.map((frame) => `  ${frameText(frame)}`).join('\n')}` : '';
    cells[row.cpu] = `${mark}${paint('cyan', place)}${row.what}${frames}`;
    table.push([String(row.step), ...cells, row.held.join('\n')]);
  }
  return table.toString();
}

function shortFile(file: string): string {
  return file.split('/').at(-1) ?? file;
}
