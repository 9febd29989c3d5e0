import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.js';
import type { Model } from '../../src/machine/model.js';
import { defineModel, type ModelBuilder } from '../../src/model/define.js';

/** A sequence lock: the reader tries again when the number was odd, or has changed under it. */
function seqlock(looksWhetherOdd: boolean): Model {
  return defineModel('seqlock', (m) => {
    const [seq, a, b] = [m.cell('seq'), m.cell('a'), m.cell('b')];
    m.thread('writer', function* (t) {
      yield t.fetchAdd(seq, 1);
      yield t.store(a, 1);
      yield t.store(b, 1);
      yield t.fetchAdd(seq, 1);
    });
    m.thread('reader', function* (t) {
      for (;;) {
        const before = yield t.load(seq);
        if (!looksWhetherOdd || before % 2 === 0) {
          const [x, y] = [yield t.load(a), yield t.load(b)];
          if ((yield t.load(seq)) === before) {
            t.assert(x === y, `torn: ${x} and ${y}`);
            return;
          }
        }
        yield t.relax();
      }
    });
  });
}

describe('a loop that tries again because it has seen a change', () => {
  it('goes on at once, though what it read last is still so: a reader of a sequence lock', () => {
    expect(explore(seqlock(true), { strategy: 'dfs' })).toMatchObject({ found: null, exhausted: true });
    expect(explore(seqlock(true), { strategy: 'dpor' })).toMatchObject({ found: null, exhausted: true, redundant: 0 });
    expect(explore(seqlock(false)).found?.violation.message).toBe('assertion failed: torn: 1 and 0');
  });

  it('goes on at once where an exchange has failed because of another’s: a counter without a lock', () => {
    const model = defineModel('counter', (m) => {
      const count = m.cell('count');
      for (const name of ['first', 'second', 'third']) {
        m.thread(name, function* (t) {
          for (;;) {
            const seen = yield t.load(count);
            if ((yield t.compareExchange(count, seen, seen + 1)) === seen) return;
            yield t.relax();
          }
        });
      }
      m.finally((end) => end.assert(end.value(count) === 3, 'an increment was lost'));
    });
    expect(explore(model, { strategy: 'dfs' })).toMatchObject({ found: null, exhausted: true });
    expect(explore(model, { strategy: 'dpor' })).toMatchObject({ found: null, exhausted: true, redundant: 0 });
  });

  it('waits, and for ever, where nothing has changed and nobody is left to change it', () => {
    const model = defineModel('waiting', (m) => {
      const go = m.cell('go');
      m.thread('one', function* (t) {
        while ((yield t.load(go)) === 0 || (yield t.load(go)) === 0) yield t.relax();
      });
    });
    expect(explore(model, { strategy: 'dfs' }).found?.violation.kind).toBe('livelock');
  });
});

describe('a loop that polls otherwise than with a load goes on, too', () => {
  const polls: Readonly<Record<string, (m: ModelBuilder) => void>> = {
    'a plain variable under a mutex'(m) {
      const [lock, ready] = [m.mutex('lock'), m.plain('ready')];
      m.thread('poller', function* (t) {
        for (;;) {
          yield t.lock(lock);
          const seen = t.read(ready);
          t.unlock(lock);
          if (seen === 1) return;
          yield t.relax();
        }
      });
      m.thread('other', function* (t) {
        yield t.lock(lock);
        t.write(ready, 1);
        t.unlock(lock);
      });
    },
    'a cell and a plain variable'(m) {
      const [lock, ready, limit] = [m.mutex('lock'), m.plain('ready'), m.cell('limit', 1)];
      m.thread('poller', function* (t) {
        for (;;) {
          const least = yield t.load(limit);
          yield t.lock(lock);
          const seen = t.read(ready);
          t.unlock(lock);
          if (seen >= least) return;
          yield t.relax();
        }
      });
      m.thread('other', function* (t) {
        yield t.lock(lock);
        t.write(ready, 1);
        t.unlock(lock);
      });
    },
    'by adding 0'(m) {
      const ready = m.cell('ready');
      m.thread('poller', function* (t) {
        while ((yield t.fetchAdd(ready, 0)) === 0) yield t.relax();
      });
      m.thread('other', function* (t) {
        yield t.store(ready, 1);
      });
    },
  };

  for (const [name, declare] of Object.entries(polls)) {
    it(name, () => {
      const model = defineModel('polls', declare);
      for (const strategy of ['dfs', 'dpor']) {
        expect(explore(model, { strategy })).toMatchObject({ found: null, exhausted: true });
      }
    });
  }

  it('a lock made of a ticket is not waited for by what was read before it was given back', () => {
    const model = defineModel('tickets', (m) => {
      const [next, serving, count] = [m.cell('next'), m.cell('serving'), m.plain('count')];
      for (const name of ['first', 'second']) {
        m.thread(name, function* (t) {
          for (let round = 0; round < 2; round++) {
            const mine = yield t.fetchAdd(next, 1);
            while ((yield t.load(serving)) !== mine) yield t.relax();
            t.write(count, t.read(count) + 1);
            yield t.store(serving, mine + 1);
          }
        });
      }
      m.finally((end) => end.assert(end.value(count) === 4, 'two at once'));
    });
    expect(explore(model, { strategy: 'dpor' })).toMatchObject({
      found: null,
      exhausted: true,
      redundant: 0,
      executions: 52,
    });
  });
});
