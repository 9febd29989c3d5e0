import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findScenario } from '../../scenarios/catalog.js';
import { junitXml } from '../../src/cli/junit.js';
import { type Row, rowName, verifyRow } from '../../src/cli/races.js';
import { ensureBuilt } from '../support/build.js';
import { expectRefused, siglab } from '../support/cli.js';

function row(name: string, patch?: string): Row {
  const scenario = findScenario(name);
  return { scenario, patch: scenario.patches.find((one) => one.name === patch) ?? null };
}

describe('a row of the collection', () => {
  it('is verified on the kernel as it is, with a witness for each outcome', async () => {
    const result = await verifyRow(row('pause-wakeup'), { schedules: 300 });
    expect(result).toMatchObject({ isRight: true, verdict: 'verified', minimized: null });
    expect(result.witnesses.map(({ outcome }) => outcome)).toEqual(['died of SIGALRM']);
  });

  it('is caught with a patch, and its token is the simplest schedule', async () => {
    const result = await verifyRow(row('pause-wakeup', 'schedule-ignores-pending'), { schedules: 300 });
    expect(result).toMatchObject({ isRight: true, minimized: { preemptions: 1, fewest: true } });
    expect(result.verdict).toMatch(/^caught: /);
    expect(result.minimalToken).toMatch(/^sl1\.pause-wakeup@2\+schedule-ignores-pending\./);
  });

  it('is not right where a patch is not caught, or the kernel as it is breaks the claim', async () => {
    const { scenario, patch } = row('pause-wakeup', 'schedule-ignores-pending');
    expect(await verifyRow({ scenario, patch }, { schedules: 1 })).toMatchObject({ isRight: false });
    const expecting = { ...scenario, expected: 'deadlock' };
    expect(await verifyRow({ scenario: expecting, patch: null }, { schedules: 300 })).toMatchObject({
      isRight: false,
      verdict: 'nothing found, where deadlock was expected',
    });
    const hoping = { ...scenario, possible: [{ outcome: 'lives for ever', because: 'it does not.' }] };
    expect(await verifyRow({ scenario: hoping, patch: null }, { schedules: 300 })).toMatchObject({
      isRight: false,
      verdict: 'not seen: lives for ever',
    });
  });

  it('has a name with its patch', () => {
    expect(rowName(row('pause-wakeup'))).toBe('pause-wakeup');
    expect(rowName(row('kill-vs-exec', 'no-kill-retry'))).toBe('kill-vs-exec + no-kill-retry');
  });
});

describe('JUnit XML', () => {
  it('has a suite for each scenario, counts, and failures with their text, escaped', () => {
    const one = { suite: 'a', seconds: 0.5, failure: null, output: 'verified' };
    const failure = { kind: 'deadlock', message: 'A < B', text: 'A & B' };
    expect(
      junitXml([
        { ...one, name: 'a' },
        { ...one, name: 'a + patch', failure },
        { ...one, suite: 'b', name: 'b' },
      ]),
    ).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="siglab" tests="3" failures="1" errors="0" time="1.500">
  <testsuite name="a" tests="2" failures="1" errors="0" skipped="0" time="1.000">
    <testcase classname="a" name="a" time="0.500">
      <system-out>verified</system-out>
    </testcase>
    <testcase classname="a" name="a + patch" time="0.500">
      <failure type="deadlock" message="A &lt; B">A &amp; B</failure>
      <system-out>verified</system-out>
    </testcase>
  </testsuite>
  <testsuite name="b" tests="1" failures="0" errors="0" skipped="0" time="0.500">
    <testcase classname="b" name="b" time="0.500">
      <system-out>verified</system-out>
    </testcase>
  </testsuite>
</testsuites>
`);
  });

  it('is written by explore --junit', async () => {
    const file = join(tmpdir(), `siglab-junit-${process.pid}.xml`);
    ensureBuilt();
    const args = [
      'explore',
      'pause-wakeup',
      '--strategy',
      'random',
      '--schedules',
      '600',
      '--workers',
      '2',
      '--junit',
      file,
    ];
    expect(await siglab(args)).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(file, 'utf8')).toContain('<testcase classname="pause-wakeup" name="pause-wakeup"');
    rmSync(file);
  });
});

describe('siglab explore all', () => {
  it('refuses what is for one scenario only', async () => {
    expectRefused(await siglab(['explore', 'all', '--patch', 'no-kill-retry']), /leave --patch out/);
    expectRefused(await siglab(['explore', 'all', '--strategy', 'dpor']), /leave --strategy out/);
    expectRefused(await siglab(['explore', 'all', '--schedules', '0']), /--schedules takes a whole number/);
  });
});
