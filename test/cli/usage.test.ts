import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeToken } from '../../src/explore/token.js';
import { ensureBuilt, ROOT } from '../support/build.js';
import { expectRefused, siglab } from '../support/cli.js';
import { CPUS, PATCH, PATCHED, SCENARIO } from '../support/kill-vs-exec.js';

beforeAll(ensureBuilt);

const COMMANDS = ['list', 'show', 'run', 'explore', 'replay', 'minimize'];
const TOKEN = encodeToken({ scenario: SCENARIO, patches: PATCHED, cpus: CPUS, schedule: Uint8Array.of() });

describe('help', () => {
  it.each(COMMANDS)('of %s says how it is called, on standard output, with status 0', async (command) => {
    const { status, stdout, stderr } = await siglab([command, '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: siglab ${command} `));
    if (command !== 'show') expect(stdout).toContain('--json');
  });

  it('of siglab names every command', async () => {
    const { status, stdout, stderr } = await siglab(['--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
  });

  it('comes on standard error, with status 2, where no command is given', async () => {
    const { status, stdout, stderr } = await siglab([]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: siglab/);
  });

  it('has a version beside it, that of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await siglab(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('a wrong name', () => {
  it.each([
    ['scenario', ['run', 'kill-vs-exek'], 'kill-vs-exec'],
    ['scenario', ['explore', 'kil-vs-exec'], 'kill-vs-exec'],
    ['patch', ['run', SCENARIO, '--patch', 'no-kill-retri'], PATCH],
    ['patch', ['explore', SCENARIO, '--patch', 'kill-retry'], PATCH],
    ['strategy', ['explore', SCENARIO, '--strategy', 'randem'], 'random'],
    ['noise', ['run', SCENARIO, '--noise', 'hihg'], 'high'],
    ['kernel', ['run', SCENARIO, '--kernel', '5.3'], '5.3.1'],
    ['kernel', ['explore', SCENARIO, '--kernel', '5.3.2'], '5.3.1'],
    ['machine', ['replay', TOKEN, '--machine', 'lock-step'], 'lockstep'],
    ['format', ['replay', TOKEN, '--format', 'jsn'], 'json'],
  ])('of a %s is refused with the nearest right one: %j', async (kind, args, nearest) => {
    expectRefused(await siglab(args), new RegExp(`^siglab: there is no ${kind} ".+"; did you mean ${nearest}\\? `));
  });

  it('in the other case is refused with the right one', async () => {
    expectRefused(await siglab(['explore', SCENARIO, '--strategy', 'DFS']), /no strategy "DFS"; did you mean dfs\?/);
  });

  it('of a scenario says where all are listed, and lists none', async () => {
    const { stderr } = await siglab(['explore', 'kill-vs-nothing-at-all']);
    expect(stderr).toMatch(/^siglab: there is no scenario "kill-vs-nothing-at-all".* \(siglab list shows all\)$/m);
  });

  it('that is near to none is refused with all that there are', async () => {
    const called = await siglab(['explore', SCENARIO, '--strategy', 'simulated-annealing']);
    expectRefused(called, /^siglab: there is no strategy "simulated-annealing" \(there is: .*random.*\)$/m);
    expect(called.stderr).not.toContain('did you mean');
  });

  it('is refused as well, and leaves standard output empty, where JSON was asked for', async () => {
    expectRefused(await siglab(['explore', SCENARIO, '--strategy', 'randem', '--json']), /did you mean random\?/);
  });

  it('of a format is refused where JSON was asked for too', async () => {
    expectRefused(await siglab(['replay', TOKEN, '--format', 'jsn', '--json']), /no format "jsn"; did you mean json/);
  });

  it('of a command is refused with the nearest right one', async () => {
    const { status, stdout, stderr } = await siglab(['explor', SCENARIO]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/unknown command 'explor'/);
    expect(stderr).toMatch(/Did you mean explore\?/);
  });
});

describe('a wrong number', () => {
  const wholeNumbers = ['0', '-1', '1.5', '1e3', 'abc', '', ' 1', '0x10', '9007199254740993'];
  const cases = [
    ['run', '--iterations', wholeNumbers],
    ['run', '--cpus', [...wholeNumbers, '33']],
    ['run', '--seed', ['-1', '1.5', 'abc', '', '4294967296']],
    ['explore', '--schedules', wholeNumbers],
    ['explore', '--cpus', ['0', '-1', '1.5', '', '33']],
    ['explore', '--preemptions', ['-1', '1.5', '1e3', 'abc', '']],
    ['explore', '--delays', ['-1', '1.5', '']],
    ['explore', '--depth', ['0', '-1', '1.5', '', '1001']],
    ['explore', '--seconds', ['0', '-1', '1e3', 'abc', '', '.', 'Infinity', '0.0']],
    ['explore', '--seed', ['-1', '1.5', 'abc', '', '4294967296']],
  ] as const;
  const calls = cases.flatMap(([command, option, values]) => values.map((value) => [command, option, value] as const));

  it.each(calls)('is refused with the option and the value named: %s %s "%s"', async (command, option, value) => {
    const called = await siglab([command, SCENARIO, option, value]);
    expectRefused(called, `siglab: ${option} takes a `);
    expect(called.stderr).toContain(`, not "${value}"`);
  });

  it('is told from the ones that are right', async () => {
    const calls = [
      ['run', SCENARIO, '--iterations', '1', '--cpus', '1', '--seed', '0'],
      ['explore', SCENARIO, '--preemptions', '0', '--seed', '4294967295', '--seconds', '9.5', '--schedules', '1'],
    ];
    for (const call of calls) expect(await siglab(call)).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('a call with something missing or too much', () => {
  it.each([
    [['show'], /missing required argument 'name'/],
    [['run'], /missing required argument 'scenario'/],
    [['explore'], /missing required argument 'scenario'/],
    [['replay'], /missing required argument 'token'/],
    [['minimize'], /missing required argument 'token'/],
    [['run', SCENARIO, '--iterations'], /option '--iterations <n>' argument missing/],
    [['explore', SCENARIO, '--bogus'], /unknown option '--bogus'/],
    [['explore', SCENARIO, '--sead', '1'], /unknown option '--sead'\n\(Did you mean --seed\?\)/],
    [['list', 'extra'], /too many arguments for 'list'/],
    [['show', SCENARIO, 'extra'], /too many arguments for 'show'/],
  ])('is refused: %j', async (args, sentence) => {
    const { status, stdout, stderr } = await siglab(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(sentence);
  });

  it.each(['run', 'explore'])('is refused where %s is given a patch twice', async (command) => {
    const args = [command, SCENARIO, '--patch', PATCH, '--patch', PATCH];
    expectRefused(await siglab(args), `siglab: patch ${PATCH} is given twice`);
  });

  it('is refused where the random walk is to be exhaustive, or bounded', async () => {
    const random = ['explore', SCENARIO, '--strategy', 'random'];
    expectRefused(
      await siglab([...random, '--exhaustive']),
      /--exhaustive needs a strategy that ends: dpor, dfs or round-robin, not random/,
    );
    expectRefused(await siglab([...random, '--preemptions', '1']), /--preemptions bounds the search of dfs/);
    expectRefused(await siglab([...random, '--depth', '2']), 'siglab: --depth is the depth of pct; random has none');
  });
});

describe('a token that is not one', () => {
  const damaged = `${TOKEN.slice(0, -1)}${TOKEN.endsWith('A') ? 'B' : 'A'}`;
  const nowhere = { cpus: CPUS, schedule: Uint8Array.of() };
  const cases: (readonly [string, string, RegExp])[] = [
    ['damaged', damaged, /^siglab: this token is damaged: its checksum does not fit/],
    ['cut off', TOKEN.slice(0, -2), /^siglab: this token is damaged/],
    ['a word', 'hello', /^siglab: "hello" is not a token/],
    ['empty', '', /^siglab: "" is not a token/],
    ['of another format', TOKEN.replace('sl1', 'sl9'), /^siglab: this token has format 9/],
    [
      'for a scenario that is not there',
      encodeToken({ ...nowhere, scenario: 'kill-vs-exit', patches: [] }),
      /^siglab: there is no scenario "kill-vs-exit"; did you mean kill-vs-exec\?/,
    ],
    [
      'for a patch that is not there',
      encodeToken({ ...nowhere, scenario: SCENARIO, patches: ['no-kill-retries'] }),
      /^siglab: there is no patch "no-kill-retries"; did you mean no-kill-retry\?/,
    ],
    [
      'for a schedule that does not fit',
      encodeToken({ ...nowhere, scenario: SCENARIO, patches: [], schedule: new Uint8Array(99).fill(2) }),
      /^siglab: the schedule does not fit: decision \d+, at step \d+, names CPU 2, which cannot move there/,
    ],
  ];

  it.each(cases)('is refused by replay and by minimize: %s', async (_, token, sentence) => {
    expectRefused(await siglab(['replay', token]), sentence);
    expectRefused(await siglab(['minimize', token]), sentence);
    expectRefused(await siglab(['replay', token, '--json']), sentence);
  });
});

describe('a file that cannot be written', () => {
  it.each([
    ['explore', '--junit', '/no/such/folder/x.xml', 'ENOENT'],
    ['explore', '--junit', '/', 'it is a folder'],
    ['explore', '--resume', '/no/such/folder/x.json', 'ENOENT'],
    ['run', '--trace', '/no/such/folder/x', 'ENOENT'],
  ])('is refused before anything is executed: %s %s %s', async (command, option, file, why) => {
    const called = await siglab([command, SCENARIO, option, file]);
    expectRefused(called, `siglab: ${option}: cannot write to ${file}: ${why}`);
  });

  it('is refused by the exploration of the whole collection too', async () => {
    expectRefused(
      await siglab(['explore', 'all', '--junit', '/']),
      'siglab: --junit: cannot write to /: it is a folder',
    );
  });
});

describe('options that contradict each other', () => {
  it.each(['ftrace', 'perfetto'])('are refused: the state after a step, as %s', async (format) => {
    const args = ['replay', TOKEN, '--step', '1', '--format', format];
    expectRefused(await siglab(args), `siglab: --step prints a state, as text or as JSON, and not as ${format}`);
  });
});

it('a full disk behind standard output is told in a sentence, and not by the status of a violation', () => {
  const command = `"${process.execPath}" bin/siglab.js list > /dev/full`;
  const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8', cwd: ROOT });
  expect(stderr).toMatch(/^siglab: cannot write to standard output: ENOSPC: [^\n]*\n$/);
  expect(status).toBe(2);
});
