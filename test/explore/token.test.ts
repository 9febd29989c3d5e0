import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minimize } from '../../src/explore/minimize.js';
import { trimSchedule } from '../../src/explore/schedule.js';
import { decodeToken, encodeToken, TOKEN_VERSION, type TokenContents, TokenError } from '../../src/explore/token.js';
import { BY_DEFAULT } from '../../src/machine/schedule.js';
import { CPUS, failingSchedule, killVsExecMachine, PATCH, PATCHED, SCENARIO } from '../support/kill-vs-exec.js';

const MAX_CPUS = 250;
const PRINTABLE = Array.from({ length: 0x7f - 0x21 }, (_, at) => String.fromCharCode(0x21 + at));

const nameOf = fc.stringMatching(/^[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}$/);

const contentsOf: fc.Arbitrary<TokenContents> = fc.integer({ min: 1, max: MAX_CPUS }).chain((cpus) =>
  fc.record({
    scenario: nameOf,
    patches: fc.array(nameOf, { maxLength: 3 }),
    cpus: fc.constant(cpus),
    schedule: fc
      .array(
        fc.oneof(
          { weight: 1, arbitrary: fc.integer({ min: 0, max: cpus - 1 }) },
          { weight: 3, arbitrary: fc.constant(BY_DEFAULT) },
        ),
        { maxLength: 400 },
      )
      .map((choices) => Uint8Array.from(choices)),
  }),
);

const EXAMPLE: TokenContents = {
  scenario: SCENARIO,
  patches: PATCHED,
  cpus: CPUS,
  schedule: Uint8Array.of(BY_DEFAULT, 2, BY_DEFAULT, BY_DEFAULT, 1, 0, ...Array(60).fill(BY_DEFAULT), 1),
};

/** What a token decodes to, or null if it is refused. Fails on any error that is not a refusal. */
function decoded(token: string): TokenContents | null {
  try {
    return decodeToken(token);
  } catch (error) {
    expect(error).toBeInstanceOf(TokenError);
    return null;
  }
}

function refusal(token: string, expected?: Parameters<typeof decodeToken>[1]): string {
  try {
    decodeToken(token, expected);
  } catch (error) {
    if (error instanceof TokenError) return error.message;
    throw error;
  }
  throw new Error(`${token} was not refused`);
}

function replaceAt(token: string, at: number, character: string): string {
  return token.slice(0, at) + character + token.slice(at + 1);
}

describe('a token', () => {
  it('gives back the scenario, patches, CPUs and schedule that were put in', () => {
    fc.assert(
      fc.property(contentsOf, (contents) => {
        const expected = { ...contents, schedule: trimSchedule(contents.schedule) };
        expect(decodeToken(encodeToken(contents))).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('is the same whether or not the schedule ends in default decisions', () => {
    const padded = Uint8Array.of(...EXAMPLE.schedule, BY_DEFAULT, BY_DEFAULT);
    expect(encodeToken({ ...EXAMPLE, schedule: padded })).toBe(encodeToken(EXAMPLE));
  });

  it('differs where the scenario, the patches, the CPUs or the schedule differ', () => {
    const others = [
      EXAMPLE,
      { ...EXAMPLE, scenario: 'other' },
      { ...EXAMPLE, patches: [] },
      { ...EXAMPLE, patches: [PATCH, 'other'] },
      { ...EXAMPLE, cpus: 4 },
      { ...EXAMPLE, schedule: Uint8Array.of() },
      { ...EXAMPLE, schedule: EXAMPLE.schedule.map((choice) => (choice === 2 ? 0 : choice)) },
    ].map(encodeToken);
    expect(new Set(others).size).toBe(others.length);
  });

  it('holds a schedule of which every CPU number up to 250 is named, far apart', () => {
    const schedule = new Uint8Array(70_000).fill(BY_DEFAULT);
    schedule[0] = 250;
    schedule[69_999] = 30;
    const token = encodeToken({ ...EXAMPLE, cpus: MAX_CPUS, schedule });
    expect(decodeToken(token).schedule).toEqual(schedule);
  });

  it('is read with white space around it', () => {
    expect(decodeToken(` ${encodeToken(EXAMPLE)}\n`)).toEqual(EXAMPLE);
  });

  it('consists of characters that need no quoting in a shell', () => {
    fc.assert(
      fc.property(contentsOf, (contents) => {
        expect(encodeToken(contents)).toMatch(/^[A-Za-z0-9_@+.-]+$/);
      }),
    );
  });

  it('of the minimal schedule that breaks kill-vs-exec is shorter than 120 characters', () => {
    const machine = killVsExecMachine(PATCHED);
    const { schedule } = minimize(machine, failingSchedule(machine, 1).schedule);
    const token = encodeToken({ scenario: SCENARIO, patches: PATCHED, cpus: CPUS, schedule });
    expect(decodeToken(token).schedule).toEqual(schedule);
    expect(token.length).toBeLessThan(120);
  });
});

describe('a damaged token', () => {
  it('is refused or means the same, whichever character is replaced by whichever', () => {
    const token = encodeToken(EXAMPLE);
    let refused = 0;
    for (let at = 0; at < token.length; at++) {
      for (const character of [...PRINTABLE, ' ', '\n', 'é', '\u0000']) {
        if (character === token[at]) continue;
        const contents = decoded(replaceAt(token, at, character));
        if (contents === null) refused++;
        else expect(contents).toEqual(EXAMPLE);
      }
    }
    expect(refused).toBeGreaterThan(token.length * PRINTABLE.length * 0.9);
  });

  it('is refused or means the same, wherever a character is missing, doubled or swapped with the next', () => {
    const token = encodeToken(EXAMPLE);
    for (let at = 0; at < token.length; at++) {
      const [here = '', next = ''] = [token[at], token[at + 1]];
      const damaged = [
        replaceAt(token, at, ''),
        replaceAt(token, at, here + here),
        token.slice(0, at) + next + here + token.slice(at + 2),
      ];
      for (const candidate of damaged) {
        const contents = decoded(candidate);
        if (contents !== null) expect(contents).toEqual(EXAMPLE);
      }
    }
  });

  it('is refused or means the same, whatever the token was', () => {
    fc.assert(
      fc.property(contentsOf, fc.nat(), fc.constantFrom(...PRINTABLE), (contents, place, character) => {
        const token = encodeToken(contents);
        const read = decoded(replaceAt(token, place % token.length, character));
        if (read !== null) expect(read).toEqual({ ...contents, schedule: trimSchedule(contents.schedule) });
      }),
      { numRuns: 3000 },
    );
  });

  it('that lost its end is refused at every length', () => {
    const token = encodeToken(EXAMPLE);
    for (let length = 0; length < token.length; length++) expect(decoded(token.slice(0, length))).toBeNull();
  });

  it('is refused for a character too many, though the decoder of base64 would pass over it', () => {
    const token = encodeToken(EXAMPLE);
    for (const character of ['=', '*', '~']) expect(decoded(token + character)).toBeNull();
  });

  it('is told from a whole one by its checksum, and the sentence says so', () => {
    const token = encodeToken(EXAMPLE);
    const last = token.at(-1) === 'A' ? 'B' : 'A';
    expect(refusal(replaceAt(token, token.length - 1, last))).toMatch(/damaged.*checksum.*copied whole/);
  });
});

describe('a token for something else', () => {
  const token = encodeToken(EXAMPLE);

  it('of another format is refused with both formats named', () => {
    const other = token.replace(/^sl\d+/, `sl${TOKEN_VERSION + 1}`);
    expect(refusal(other)).toMatch(
      new RegExp(`format ${TOKEN_VERSION + 1}.*siglab reads format ${TOKEN_VERSION}: explore again`),
    );
  });

  it('of another scenario is refused with both scenarios named', () => {
    expect(refusal(token, { scenario: 'orphan' })).toBe(`this token is for scenario ${SCENARIO}, not for orphan`);
  });

  it('of another patch set is refused with both sets named', () => {
    expect(refusal(token, { patches: [] })).toBe(`this token is for ${SCENARIO} with ${PATCH}, not with no patch`);
    expect(refusal(token, { patches: [PATCH, 'other'] })).toBe(
      `this token is for ${SCENARIO} with ${PATCH}, not with ${PATCH} and other`,
    );
    expect(refusal(encodeToken({ ...EXAMPLE, patches: [] }), { patches: PATCHED })).toBe(
      `this token is for ${SCENARIO} with no patch, not with ${PATCH}`,
    );
  });

  it('of what was asked for is read', () => {
    expect(decodeToken(token, { scenario: SCENARIO, patches: PATCHED })).toEqual(EXAMPLE);
  });

  it.each([
    ['nothing', '', /"" is not a token: a token begins with sl1\./],
    ['a word', 'hello', /"hello" is not a token: a token begins with sl1\./],
    ['two parts', 'sl1.kill-vs-exec@3', /not a whole token: it has three parts/],
    ['four parts', `${token}.x`, /not a whole token: it has three parts/],
    ['no CPUs', 'sl1.kill-vs-exec.AAAA', /is not a token: "kill-vs-exec" is not scenario@cpus\+patch/],
    ['a name in capitals', 'sl1.Kill@3.AAAA', /is not a token: "Kill@3" is not scenario@cpus\+patch/],
    ['an empty patch', 'sl1.kill-vs-exec@3+.AAAA', /is not scenario@cpus\+patch/],
    ['0 CPUs', 'sl1.kill-vs-exec@0.AAAA', /is for 0 CPUs: 1 to 250 are possible/],
    ['251 CPUs', 'sl1.kill-vs-exec@251.AAAA', /is for 251 CPUs: 1 to 250 are possible/],
    ['a checksum of half its size', 'sl1.kill-vs-exec@3.AA', /damaged/],
  ])('that is %s is refused with a sentence', (_, text, sentence) => {
    expect(refusal(text)).toMatch(sentence);
  });
});

describe('encodeToken', () => {
  it.each(['', 'Kill', 'kill_vs', 'a.b', 'a+b', 'a@b', '-a', 'a-', 'a--b', 'ä'])(
    'refuses the name "%s" for a scenario and for a patch',
    (name) => {
      expect(() => encodeToken({ ...EXAMPLE, scenario: name })).toThrow(TokenError);
      expect(() => encodeToken({ ...EXAMPLE, patches: [name] })).toThrow(TokenError);
    },
  );

  it.each([0, -1, 251, 1.5, Number.NaN])('refuses %s CPUs', (cpus) => {
    expect(() => encodeToken({ ...EXAMPLE, cpus, schedule: Uint8Array.of() })).toThrow(TokenError);
  });

  it('takes a schedule that names the clock, and refuses one that names a CPU that is not there', () => {
    expect(decodeToken(encodeToken({ ...EXAMPLE, schedule: Uint8Array.of(CPUS) })).schedule).toEqual(
      Uint8Array.of(CPUS),
    );
    expect(() => encodeToken({ ...EXAMPLE, schedule: Uint8Array.of(CPUS + 1) })).toThrow(/cannot name CPU 4/);
  });
});
