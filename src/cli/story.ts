/** Stories and reports as text. */

import Table from 'cli-table3';
import { replayWithStacks, type StoryEvent } from '../explore/replay.js';
import { findSwitches } from '../explore/switches.js';
import { SYSCALL_NAMES } from '../kernel/constants.js';
import type { ControlledMachine } from '../machine/controlled.js';
import type { Violation } from '../sync/gate.js';
import { tellAccount } from '../trace/account.js';
import { ftraceLine } from '../trace/ftrace.js';
import { type PerfettoTrace, perfettoTrace } from '../trace/perfetto.js';
import { violationReport } from '../trace/report.js';
import { type Frame, frameText } from '../trace/stack.js';
import { type StoryRow, tellStory } from '../trace/story.js';
import { accountText, wrongText } from './account.js';
import { countOf, paint, titleText, wrap } from './context.js';

/** What ran, for a report. */
export interface Title {
  readonly name: string;
  readonly patches: readonly string[];
  readonly token: string;
  /** It is a model without this kernel. */
  readonly isModel?: boolean;
}

/** What ran, with what a story says of it. */
export interface StoryTitle extends Title {
  /** What must hold; empty where it is not said. */
  readonly claim: string;
  /** The functions that the story is about. */
  readonly watch: readonly string[];
  /** The patches, with what they say of themselves. */
  readonly stories: readonly { readonly name: string; readonly title: string; readonly story: string }[];
}

export interface StoryOptions {
  /** With the whole call stack of each step. */
  readonly stacks: boolean;
  /** Characters to a line. */
  readonly width: number;
}

/** The story of a schedule: an account in plain words, what went wrong and why, and a table of the steps. */
export function storyOf(
  machine: ControlledMachine,
  schedule: Uint8Array,
  title: StoryTitle,
  options: StoryOptions,
): string {
  const { events, violation } = replayWithStacks(machine, schedule, { loose: true });
  const { watch } = title;
  const rows = tellStory(events, { syscallName: (nr) => SYSCALL_NAMES[nr] ?? `system call ${nr}`, watch });
  const report = violation === null ? [] : [violationReport(machine, violation, titleText(title), title.token)];
  const switches = findSwitches(machine, schedule);
  const tracks = trackNames(machine);
  const account = accountText(tellAccount(events, { switches, watch, violation, tracks }), options.width);
  const wrong = violation === null ? [] : [wrongText(machine, schedule, violation, title, options.width)];
  const each = title.isModel === true ? 'thread' : 'CPU';
  const steps = `Step by step: a column for each ${each}\n\n${storyTable(rows, tracks, options)}`;
  return [...account, ...wrong, steps, ...report].join('\n\n');
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
  const { events, violation } = replayWithStacks(machine, schedule, { loose: true });
  const header = '#           TASK-PID     CPU#      TIMESTAMP  EVENT';
  const lines = events.map((event, index) => ftraceLine(event, index, machine.model.eventNames ?? {}));
  return { text: [header, ...lines].join('\n'), events, violation };
}

/** A schedule as Perfetto and chrome://tracing show it. */
export function perfettoOf(machine: ControlledMachine, schedule: Uint8Array, title: Title): PerfettoTrace {
  const { events, violation } = replayWithStacks(machine, schedule, { loose: true });
  const about = { title: titleText(title), token: title.token, violation: violation?.message ?? null };
  return perfettoTrace(events, { tracks: trackNames(machine), eventNames: machine.model.eventNames ?? {}, about });
}

/** What each CPU's column or track is called: in a model of one's own it is the thread's. */
function trackNames({ cpus }: ControlledMachine): readonly string[] {
  return cpus.map((cpu) => cpu.label(cpu.id));
}

const STEP_WIDTH = 6;
const HELD_WIDTH = 24;
/** Rows of a long execution that a story shows, of its beginning and of its end. */
const SHOWN_AT_EACH_END = 200;

function storyTable(rows: readonly StoryRow[], tracks: readonly string[], { stacks, width }: StoryOptions): string {
  const cpus = tracks.length;
  const borders = cpus + 3;
  const stepWidth = Math.max(STEP_WIDTH, String(rows.at(-1)?.step ?? 0).length + 2);
  const column = Math.max(24, Math.floor((width - stepWidth - HELD_WIDTH - borders) / cpus));
  const table = new Table({
    head: ['step', ...tracks, 'locks held'],
    colWidths: [stepWidth, ...tracks.map(() => column), HELD_WIDTH],
    style: { head: [], border: [], 'padding-left': 1, 'padding-right': 0, compact: true },
  });
  const leftOut = rows.slice(SHOWN_AT_EACH_END, Math.max(SHOWN_AT_EACH_END, rows.length - SHOWN_AT_EACH_END));
  const end = SHOWN_AT_EACH_END + leftOut.length;
  for (const [at, row] of rows.entries()) {
    if (at >= SHOWN_AT_EACH_END && at < end) {
      if (at === SHOWN_AT_EACH_END) table.push([{ content: leftOutText(leftOut), colSpan: cpus + 2 }]);
      continue;
    }
    const lines = [
      ...(row.switched
        ? [`${paint('yellow', '▶')} ${paint('bold', row.task === tracks[row.cpu] ? '' : row.task)}`]
        : []),
      ...(row.watched === null ? [] : painted('blue', `in ${placeText(row.watched)}:`, column - 1)),
      ...(row.frame === null ? [] : painted('cyan', placeText(row.frame), column - 1)),
      ...wrapHard(row.what, column - 1),
      ...(stacks ? row.stack.flatMap((frame) => wrapHard(frameText(frame), column - 1, '  ')) : []),
    ];
    const held = row.held.flatMap((lock) => wrapHard(lock, HELD_WIDTH - 1));
    // A table row for each line: what cli-table3 takes for a cell grows with the square of its lines.
    for (let line = 0; line < Math.max(lines.length, held.length); line++) {
      const cells = tracks.map((_, cpu) => (cpu === row.cpu ? (lines[line] ?? '') : ''));
      table.push([line === 0 ? String(row.step) : '', ...cells, held[line] ?? '']);
    }
  }
  return table.toString();
}

function leftOutText(rows: readonly StoryRow[]): string {
  const [first, last] = [rows[0]?.step, rows.at(-1)?.step];
  return `… ${countOf(rows.length, 'row')} left out, steps ${first} to ${last}: --step N shows the state after any of them`;
}

function placeText({ function: name, file, line }: Frame): string {
  return `${name} ${shortFile(file)}:${line}`;
}

function painted(style: Parameters<typeof paint>[0], text: string, width: number): string[] {
  return wrapHard(text, width).map((line) => paint(style, line));
}

/** Text in lines of at most so many characters; a word that is longer is broken, after a dot where there is one. */
function wrapHard(text: string, width: number, indent = ''): string[] {
  const room = width - indent.length;
  const words = text.split(' ').flatMap((word) => {
    const pieces: string[] = [];
    let rest = word;
    while (rest.length > room) {
      const dot = rest.lastIndexOf('.', room - 1) + 1;
      const at = dot > 0 ? dot : room;
      pieces.push(rest.slice(0, at));
      rest = rest.slice(at);
    }
    return [...pieces, rest];
  });
  return wrap(words.join(' '), width, indent).split('\n');
}

function shortFile(file: string): string {
  return file.split('/').at(-1) ?? file;
}
