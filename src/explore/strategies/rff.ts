/**
 * Greybox search by reads-from pairs: an abstract schedule says of some reads which write they are to read from; those that
 * led to pairs not seen together before are kept, and changed a little to make new ones. After "Greybox Fuzzing for
 * Concurrency Testing" (Wolff, Shi, Duck, Mathur, Roychoudhury, ASPLOS 2024).
 */

import type { ControlledMachine } from '../../machine/controlled.js';
import type { Movers } from '../../machine/movers.js';
import type { Strategy } from '../strategy.js';
import { Lots } from './lots.js';
import { Priorities } from './pos.js';
import { type Read, ReadsFrom, type Site, siteOf } from './reads-from.js';

/** A read, and the write that it is to read from. */
interface Constraint {
  readonly read: Read;
  /** Who is to make it; −1 for any. */
  readonly cpu: number;
  readonly source: Site;
  /** How often the read is made without a constraint before. */
  readonly skip: number;
}

/** An abstract schedule that was worth keeping. */
interface Kept {
  readonly constraints: readonly Constraint[];
  readonly signature: number;
}

/** Constraints of an abstract schedule at most. */
const MOST = 5;
/** Schedules kept at most; the oldest but the empty one goes. */
const CORPUS = 512;

/** What the constraints say of a CPU that could move, from the least to the most in its favour. */
const HELD = 0;
const FREE = 1;
const WANTED = 2;

/**
 * Greybox search by reads-from pairs. It learns from every execution: an execution depends on all before it. What a step
 * will read and write is taken from what the same CPU's steps with the same announced operation have done before. What the
 * constraints leave open is drawn as by partial order sampling (`posStrategy`).
 *
 * @param seed the same seed gives the same executions
 * @param first the number of the first execution: another one makes another, unrelated search
 * @example
 * const { found } = explore(model, { strategy: rffStrategy(1), schedules: 2000 });
 * console.log(found?.execution);
 * @see "Greybox Fuzzing for Concurrency Testing" (Wolff, Shi, Duck, Mathur, Roychoudhury; ASPLOS 2024)
 */
export function rffStrategy(seed = 1, first = 0): Strategy {
  const lots = new Lots(seed);
  const priorities = new Priorities(lots);
  let execution = first;
  let seen: ReadsFrom | null = null;
  let machine: ControlledMachine | null = null;
  let corpus: Kept[] = [{ constraints: [], signature: 0 }];
  /** How often each set of pairs came. */
  const times = new Map<number, number>();
  let constraints: readonly Constraint[] = [];
  /** By constraint: how often its read was passed; −1 when it was made as or against what it says. */
  const passed: number[] = [];
  /** The step under way. */
  let moved = -1;
  let site: Site = 0;

  function finishStep(): void {
    if (moved >= 0 && machine !== null) seen?.step(moved, site, machine.accesses);
    moved = -1;
  }

  function newConstraint(known: ReadsFrom): Constraint | null {
    if (known.reads.length === 0) return null;
    const read = known.reads[lots.below(known.reads.length)];
    if (read === undefined) return null;
    const { sources } = read.word;
    const cpu = lots.below(2) === 0 ? -1 : (read.cpus[lots.below(read.cpus.length)] as number);
    // Mostly the first time; each further time half as likely.
    let skip = 0;
    while (skip < 8 && lots.below(4) === 0) skip++;
    return { read, cpu, source: sources[lots.below(sources.length)] as Site, skip };
  }

  /** An abstract schedule like one that was kept: of two, one with pairs that have come less often. */
  function mutate(known: ReadsFrom): readonly Constraint[] {
    const one = corpus[lots.below(corpus.length)] as Kept;
    const other = corpus[lots.below(corpus.length)] as Kept;
    const rarer = (times.get(one.signature) ?? 0) <= (times.get(other.signature) ?? 0) ? one : other;
    const mutant = [...rarer.constraints];
    const way = lots.below(4);
    if (mutant.length > 0 && (way === 0 || mutant.length === MOST)) mutant.splice(lots.below(mutant.length), 1);
    if (way !== 0 || mutant.length === 0) {
      const added = newConstraint(known);
      if (added === null) return mutant;
      if (way === 1 && mutant.length > 0) mutant[lots.below(mutant.length)] = added;
      else mutant.push(added);
    }
    return mutant;
  }

  /** What the constraints say of a CPU's next step. */
  function judge(id: number, of: ControlledMachine, known: ReadsFrom): number {
    const at = siteOf(id, of);
    let verdict = FREE;
    for (let index = 0; index < constraints.length; index++) {
      const before = passed[index] as number;
      if (before < 0) continue;
      const constraint = constraints[index] as Constraint;
      const { read, source, skip } = constraint;
      if (isRead(constraint, id, at)) {
        if (before < skip) continue;
        if (known.sourceOf(read) !== source) return HELD;
        verdict = WANTED;
      } else if (known.sourceOf(read) === source && read.word.writers.get(at)?.includes(id) === true) {
        return HELD;
      }
    }
    return verdict;
  }

  /** Whether a CPU that stands at a site is to make the read of a constraint: one that it has made there before. */
  function isRead({ read, cpu }: Constraint, id: number, at: Site): boolean {
    return read.site === at && (cpu < 0 || cpu === id) && read.cpus.includes(id);
  }

  /** The one for whom the constraints say the most; of equals the one with the highest priority. */
  function pick({ ids, count }: Movers, of: ControlledMachine, known: ReadsFrom): number {
    let best = -1;
    let most = -1;
    for (let at = 0; at < count; at++) {
      const id = ids[at] as number;
      const verdict = constraints.length === 0 ? FREE : judge(id, of, known);
      if (verdict < most || (verdict === most && priorities.of(id) <= priorities.of(best))) continue;
      best = id;
      most = verdict;
    }
    return best;
  }

  return {
    name: 'rff',
    learns: true,
    everyStep: true,
    needsFootprints: true,
    begin() {
      lots.begin(execution++);
      priorities.begin();
      moved = -1;
      seen?.begin();
      constraints = seen === null ? [] : mutate(seen);
      passed.length = 0;
      for (let index = 0; index < constraints.length; index++) passed.push(0);
      return true;
    },
    choose(movers, _current, of) {
      if (!of.keepsFootprints) throw new Error('rff needs a machine that keeps footprints');
      machine = of;
      seen ??= new ReadsFrom();
      finishStep();
      of.accesses.clear();
      of.accesses.recording = true;
      priorities.redraw(of);
      moved = pick(movers, of, seen);
      priorities.picked(moved, of);
      site = siteOf(moved, of);
      for (let index = 0; index < constraints.length; index++) {
        const before = passed[index] as number;
        const constraint = constraints[index] as Constraint;
        if (before < 0 || !isRead(constraint, moved, site)) continue;
        passed[index] = before < constraint.skip ? before + 1 : -1;
      }
      return moved;
    },
    end() {
      finishStep();
      if (seen === null) return;
      seen.end();
      const { signature } = seen;
      const before = times.get(signature) ?? 0;
      times.set(signature, before + 1);
      if (before > 0) return;
      corpus.push({ constraints, signature });
      if (corpus.length > CORPUS) corpus = [corpus[0] as Kept, ...corpus.slice(CORPUS / 2)];
    },
  };
}
