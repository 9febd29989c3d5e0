/**
 * What makes a space large: the races that a search has to make both ways, by the lock or variable that they are about,
 * and by the loop whose later rounds they are in. From a sample of executions drawn at random, in which each pair of
 * steps that conflict, and that nothing else orders, is such a race (`execution-graph.ts`).
 */

import { keepingStacks } from '../explore/stacks.js';
import { ExecutionGraph, OP_CLOCK } from '../explore/strategies/execution-graph.js';
import { type Footprint, footprintsConflict } from '../explore/strategies/footprint.js';
import { randomStrategy } from '../explore/strategies/random.js';
import { ACCESS_WORDS } from '../machine/access-log.js';
import { ControlledMachine } from '../machine/controlled.js';
import type { Model } from '../machine/model.js';
import { type Frame, frameText, simulatedFrames } from './stack.js';

/** Two places in the source whose steps race, and which part of a word's races theirs are. */
export interface RacingPlaces {
  readonly share: number;
  /** Null for a step of the clock, or one that no source stands for. */
  readonly places: readonly [Frame | null, Frame | null];
}

/** A lock or a variable that steps race for. */
export interface BranchingWord {
  /** What reports call it. */
  readonly name: string;
  /** Which part of all races is for it, from 0 to 1. */
  readonly share: number;
  /** Those with the most races, three at most. */
  readonly pairs: readonly RacingPlaces[];
}

/** A loop that a thread of the model went through more than once. */
export interface BranchingLoop {
  /** Of the function, the line of a step inside the loop. */
  readonly place: Frame;
  /** Which part of all races has a step in a second or later round. */
  readonly share: number;
  /** Rounds at most, of one thread in one execution. */
  readonly rounds: number;
}

export interface Branching {
  /** Executions in the sample. */
  readonly executions: number;
  /** Races in them, on average. */
  readonly races: number;
  readonly words: readonly BranchingWord[];
  readonly loops: readonly BranchingLoop[];
}

/** Of words and loops in a text, and of places of a word: so many at most. */
const NAMED = 3;
const EXECUTIONS = 32;
/** Steps of the sample at most: each is noted with its stack. */
const STEPS = 20_000;

/** A step of an execution. */
interface Noted {
  /** The CPU, and the task that it ran; empty for the clock. */
  readonly who: string;
  /** The word of the operation; 0 for none. */
  readonly address: number;
  readonly frames: readonly Frame[];
  /** The frames in a line: the same for the same place, reached in the same way. */
  readonly place: string;
  /** The loop that it is in a second or later round of. */
  loop: Frame | null;
}

/**
 * Looks at where a model's executions branch.
 *
 * @param model explored already, or to be
 * @returns words and loops from the most races to the fewest
 * @example
 * const { words } = surveyBranching(model);
 * console.log(words[0]?.name); // 'siglock of process 101'
 */
export function surveyBranching(model: Model): Branching {
  const machine = new ControlledMachine(model, { checked: false, footprints: true, maxSteps: STEPS });
  const survey = new Survey(machine);
  const lots = randomStrategy(1);
  let executions = 0;
  let steps = 0;
  keepingStacks(machine, () => {
    while (executions < EXECUTIONS && steps < STEPS) {
      lots.begin();
      survey.begin();
      const chooser = {
        everyStep: true,
        choose: (...given: Parameters<typeof lots.choose>) => {
          const [movers] = given;
          const who = movers.count === 1 ? movers.byDefault : lots.choose(...given);
          survey.step(who);
          return who;
        },
      };
      // Operations are announced to whoever watches.
      steps += machine.execute(chooser, { emit() {} }).steps;
      survey.end();
      executions++;
    }
  });
  return survey.result(executions);
}

class Survey {
  private readonly graph: ExecutionGraph;
  private steps: Noted[] = [];
  private open = false;
  private races = 0;
  private readonly names = new Map<number, string>();
  /** By word's name, and then by the two places: how many races. */
  private readonly words = new Map<string, Map<string, { count: number; places: RacingPlaces['places'] }>>();
  private readonly loops = new Map<string, { place: Frame; count: number; rounds: number }>();
  private readonly framesOf = new Map<string, readonly Frame[]>();

  constructor(private readonly machine: ControlledMachine) {
    this.graph = new ExecutionGraph(machine.cpus.length + 1, machine.arena.words);
  }

  begin(): void {
    this.graph.truncate(0);
    this.steps = [];
    this.open = false;
  }

  step(who: number): void {
    const { machine, graph, names } = this;
    this.close();
    machine.accesses.clear();
    const cpu = machine.cpus[who];
    let stack = '';
    let address = 0;
    const by = cpu === undefined ? '' : `${who} ${cpu.current}`;
    if (cpu === undefined) graph.beginStep(who, OP_CLOCK, 0);
    else if (cpu.takesInterrupt()) graph.beginHandler(who, cpu.op, cpu.opAddress, cpu.opA);
    else {
      graph.beginStep(who, cpu.op, cpu.opA);
      stack = cpu.announcedAt;
      address = cpu.opAddress;
      // What it is called now: at the end of the execution it may be gone.
      if (address !== 0 && !names.has(address)) names.set(address, cpu.describe(address));
    }
    let frames = this.framesOf.get(stack);
    if (frames === undefined) {
      frames = simulatedFrames(stack);
      this.framesOf.set(stack, frames);
    }
    this.steps.push({ who: by, address, frames, place: frames.map(frameText).join('\n'), loop: null });
    this.open = true;
  }

  private close(): void {
    if (this.open) this.graph.finishStep(this.machine.accesses);
    this.open = false;
  }

  end(): void {
    const { graph, steps } = this;
    this.close();
    this.findLoops();
    for (let later = 0; later < graph.length; later++) {
      for (const first of graph.racesOf(later)) this.count(steps[first] as Noted, steps[later] as Noted, first, later);
    }
  }

  private count(one: Noted, other: Noted, first: number, later: number): void {
    const { graph, words } = this;
    this.races++;
    const word = contested(graph.footprint(first), graph.footprint(later), [other.address, one.address]);
    const timer = one.who === '' || other.who === '';
    const name = timer ? 'the timer' : (this.names.get(word) ?? this.machine.cpus[0]?.describe(word) ?? '');
    const places = [one.frames[0] ?? null, other.frames[0] ?? null] as const;
    const key = places.map((place) => (place === null ? '' : frameText(place))).join('\n');
    const pairs = words.get(name) ?? new Map();
    words.set(name, pairs);
    const pair = pairs.get(key) ?? { count: 0, places };
    pairs.set(key, pair);
    pair.count++;
    for (const loop of new Set([one.loop, other.loop])) {
      if (loop !== null) (this.loops.get(loopKey(loop)) as { count: number }).count++;
    }
  }

  /** Finds the steps that a thread makes at a place where it has been before, and the loop that brought it back. */
  private findLoops(): void {
    const threads = new Set(this.steps.map(({ who }) => who));
    for (const thread of threads) {
      const own = this.steps.filter(({ who, place }) => who === thread && place !== '');
      const last = new Map<string, number>();
      const visits = new Map<string, number>();
      const rounds = new Map<string, number>();
      for (const [at, step] of own.entries()) {
        const before = last.get(step.place);
        last.set(step.place, at);
        const times = (visits.get(step.place) ?? 0) + 1;
        visits.set(step.place, times);
        if (before === undefined) continue;
        step.loop = loopOf(own.slice(before, at));
        const key = loopKey(step.loop);
        rounds.set(key, Math.max(rounds.get(key) ?? 0, times));
        const known = this.loops.get(key);
        if (known === undefined) this.loops.set(key, { place: step.loop, count: 0, rounds: 0 });
        else step.loop = known.place;
      }
      for (const [key, most] of rounds) {
        const loop = this.loops.get(key) as { rounds: number };
        loop.rounds = Math.max(loop.rounds, most);
      }
    }
  }

  result(executions: number): Branching {
    const { races } = this;
    const words = [...this.words].map(([name, pairs]) => {
      const all = [...pairs.values()].sort((a, b) => b.count - a.count);
      const count = all.reduce((sum, pair) => sum + pair.count, 0);
      return {
        name,
        share: count / races,
        pairs: all.slice(0, NAMED).map((pair) => ({ share: pair.count / count, places: pair.places })),
      };
    });
    const loops = [...this.loops.values()].map(({ place, count, rounds }) => ({ place, share: count / races, rounds }));
    return {
      executions,
      races: races / executions,
      words: words.sort((a, b) => b.share - a.share),
      loops: loops.filter(({ share }) => share > 0).sort((a, b) => b.share - a.share),
    };
  }
}

function loopKey({ function: name, file }: Frame): string {
  return `${name} ${file}`;
}

/** The innermost function that a thread does not leave in a round. @param round its steps, each with its stack */
function loopOf(round: readonly Noted[]): Frame {
  const outer = round.map(({ frames }) => frames.toReversed());
  const [first = []] = outer;
  let depth = 0;
  const isSame = (at: number, same: (one: Frame, other: Frame) => boolean): boolean => {
    const frame = first[at];
    return frame !== undefined && outer.every((frames) => frames[at] !== undefined && same(frame, frames[at]));
  };
  while (isSame(depth, (one, other) => frameText(one) === frameText(other))) depth++;
  // Where the steps part they may still be in one function, at several lines of it.
  if (isSame(depth, (one, other) => loopKey(one) === loopKey(other))) depth++;
  return first[Math.max(0, depth - 1)] as Frame;
}

/** The word that two steps conflict on; rather one that they are announced for. */
function contested(one: Footprint, other: Footprint, announced: readonly number[]): number {
  const conflicts: number[] = [];
  for (let at = 0; at < other.length; at += ACCESS_WORDS) {
    if (footprintsConflict(one, other.subarray(at, at + ACCESS_WORDS))) conflicts.push(other[at] as number);
  }
  return announced.find((address) => conflicts.includes(address)) ?? conflicts[0] ?? 0;
}

/** What is named in a text has a share of at least so much. */
const LEAST_SHARE = 0.05;

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** Words and loops that most of the races are for, a line each; none where nothing races. */
export function branchingLines({ words, loops }: Branching): readonly string[] {
  const named = <T extends { readonly share: number }>(all: readonly T[]): readonly T[] =>
    all.filter(({ share }) => share >= LEAST_SHARE).slice(0, NAMED);
  const lines = named(words).map(({ name, share, pairs: [pair] }) => {
    const [one, other] = (pair?.places ?? []).map((place) => (place === null ? 'time' : frameText(place)));
    return `${percent(share)} for ${name}: ${one === other ? one : `${one} and ${other}`}${pair !== undefined && pair.share < 1 ? ', and others' : ''}`;
  });
  for (const { place, share, rounds } of named(loops)) {
    lines.push(`${percent(share)} in later rounds of a loop (up to ${rounds}): ${frameText(place)}`);
  }
  return lines;
}
