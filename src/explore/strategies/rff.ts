/**
 * Greybox search by reads-from pairs: an abstract schedule says of some reads which write they are to read from; those that
 * led to pairs not seen together before are kept, and changed a little to make new ones. After "Greybox Fuzzing for
 * Concurrency Testing" (Wolff, Shi, Duck, Mathur, Roychoudhury, ASPLOS 2024).
 */

import type { ControlledMachine } from '../../machine/controlled.js';
import { MAX_CPUS, type Movers } from '../../machine/movers.js';
import type { Strategy } from '../strategy.js';
import { Lots } from './lots.js';
import { ReadsFrom, type Site, siteOf } from './reads-from.js';

/** A read, and the write that it is to read from. */
interface Constraint {
  readonly site: Site;
  readonly address: number;
  /** Who is to make the read; −1 for any. */
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

/** What a constraint says of a CPU that could move. */
const FREE = 0;
const HELD = 1;
const WANTED = 2;

/**
 * Greybox search by reads-from pairs. It learns from every execution: an execution depends on all before it. What a step
 * will read and write is taken from what the same CPU's steps with the same announced operation have done before.
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
  const verdicts = new Uint8Array(MAX_CPUS + 1);

  function finishStep(): void {
    if (moved >= 0 && machine !== null) seen?.step(moved, site, machine.accesses);
    moved = -1;
  }

  function newConstraint(known: ReadsFrom): Constraint | null {
    if (known.reads.length === 0) return null;
    const read = known.reads[lots.below(known.reads.length)];
    if (read === undefined) return null;
    const sources = known.sources(read);
    const cpu = lots.below(2) === 0 ? -1 : (read.cpus[lots.below(read.cpus.length)] as number);
    // Mostly the first time; each further time half as likely.
    let skip = 0;
    while (skip < 8 && lots.below(4) === 0) skip++;
    return { ...read, cpu, source: sources[lots.below(sources.length)] as Site, skip };
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
    for (const [index, constraint] of constraints.entries()) {
      if ((passed[index] as number) < 0) continue;
      const { address, source } = constraint;
      const satisfied = (known.lastWriter.get(address) ?? -1) === source;
      if (isRead(constraint, id, at, known)) {
        if ((passed[index] as number) < constraint.skip) continue;
        if (!satisfied) return HELD;
        verdict = WANTED;
      } else if (satisfied && known.mayWrite(id, at, address)) {
        return HELD;
      }
    }
    return verdict;
  }

  function isRead(constraint: Constraint, id: number, at: Site, known: ReadsFrom): boolean {
    return (
      constraint.site === at &&
      (constraint.cpu < 0 || constraint.cpu === id) &&
      known.mayRead(id, at, constraint.address)
    );
  }

  /** One of the wanted if there are any, otherwise one that is free, and where all are held one of these. */
  function pick({ ids, count }: Movers, of: ControlledMachine, known: ReadsFrom): number {
    const totals = [0, 0, 0];
    for (let at = 0; at < count; at++) {
      const verdict = constraints.length === 0 ? FREE : judge(ids[at] as number, of, known);
      verdicts[at] = verdict;
      totals[verdict] = (totals[verdict] as number) + 1;
    }
    const best = (totals[WANTED] as number) > 0 ? WANTED : (totals[FREE] as number) > 0 ? FREE : HELD;
    let lot = lots.below(totals[best] as number);
    for (let at = 0; at < count; at++) if (verdicts[at] === best && lot-- === 0) return ids[at] as number;
    return ids[0] as number;
  }

  return {
    name: 'rff',
    learns: true,
    everyStep: true,
    needsFootprints: true,
    begin() {
      lots.begin(execution++);
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
      seen ??= new ReadsFrom(of.cpus.length + 1);
      finishStep();
      of.accesses.clear();
      of.accesses.recording = true;
      moved = pick(movers, of, seen);
      site = siteOf(moved, of);
      for (const [index, constraint] of constraints.entries()) {
        const before = passed[index] as number;
        if (before < 0 || !isRead(constraint, moved, site, seen)) continue;
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
