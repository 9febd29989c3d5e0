import { describe, expect, it } from 'vitest';
import { SCENARIOS } from '../../scenarios/catalog.js';
import { PATCHES } from '../../src/patches/index.js';
import { expectRefused, listAt, siglab, siglabJson } from '../support/cli.js';

describe('siglab list', () => {
  it('prints every scenario and every patch with its line', async () => {
    const { status, stdout, stderr } = await siglab(['list']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const { name, title } of [...SCENARIOS, ...PATCHES]) {
      expect(stdout.split('\n').some((line) => line.includes(name) && line.includes(title))).toBe(true);
    }
  });

  it('prints one JSON document with the same, and nothing else', async () => {
    const { status, document } = await siglabJson('list');
    expect(status).toBe(0);
    expect(listAt(document, 'scenarios').map(({ name, title }) => ({ name, title }))).toEqual(
      SCENARIOS.map(({ name, title }) => ({ name, title })),
    );
    expect(listAt(document, 'patches').map(({ name, title }) => ({ name, title }))).toEqual(
      PATCHES.map(({ name, title }) => ({ name, title })),
    );
  });
});

describe('siglab show', () => {
  const [scenario] = SCENARIOS;
  const name = scenario?.name ?? '';

  it('prints the story, the processes, the claim and the patches', async () => {
    const { status, stdout, stderr } = await siglab(['show', name]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // The text is wrapped: compared without regard to where the lines end.
    const text = stdout.replaceAll(/\s+/g, ' ');
    const parts = [scenario?.title, scenario?.story, ...(scenario?.cast ?? []), scenario?.claim, scenario?.learn];
    for (const part of parts) expect(text).toContain(part);
    for (const { name: patch, breaks } of scenario?.patches ?? []) {
      expect(text).toContain(patch);
      expect(text).toContain(breaks);
    }
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('prints one JSON document with the same, and nothing else', async () => {
    const { status, document } = await siglabJson('show', name);
    expect(status).toBe(0);
    const { title, story, cast, claim, cpus } = document;
    expect({ title, story, cast, claim, cpus }).toEqual({
      title: scenario?.title,
      story: scenario?.story,
      cast: scenario?.cast,
      claim: scenario?.claim,
      cpus: scenario?.cpus,
    });
    expect(listAt(document, 'patches').map((patch) => patch.name)).toEqual(
      scenario?.patches.map((patch) => patch.name),
    );
  });

  it('refuses a scenario that is not there, and names the nearest', async () => {
    expectRefused(await siglab(['show', 'kill-vs-exek']), /no scenario "kill-vs-exek"; did you mean kill-vs-exec\?/);
    expectRefused(await siglab(['show', 'kill-vs-exek', '--json']), /did you mean kill-vs-exec\?/);
  });
});

describe('siglab show of a patch', () => {
  it('says what it changes, and which claims it breaks, as text and as JSON', async () => {
    const { status, stdout, stderr } = await siglab(['show', 'no-kill-retry']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^no-kill-retry: /);
    expect(stdout).toMatch(/^ {2}kill-vs-exec: kill says ESRCH/m);
    expect(stdout).toMatch(/^ {2}\+\+\+ src\/patches\/no-kill-retry\.ts$/m);
    expect(stdout).toMatch(/^ {2}siglab explore kill-vs-exec --patch no-kill-retry$/m);
    const { document } = await siglabJson('show', 'no-kill-retry');
    expect(document).toMatchObject({
      name: 'no-kill-retry',
      scenarios: [{ scenario: 'kill-vs-exec', kind: 'invariant' }],
    });
  });

  it('is what other commands are told by its name: they want a scenario with it', async () => {
    const sentence = 'siglab: no-kill-retry is a patch: name a scenario, as in kill-vs-exec --patch no-kill-retry';
    for (const command of ['explore', 'run']) expectRefused(await siglab([command, 'no-kill-retry']), sentence);
  });
});
