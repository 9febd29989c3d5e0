/** docs/races.md says what `npm run races` has found: its rows are the collection's, and its tokens still show what stands beside them. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findScenario, modelOf } from '../../scenarios/catalog.js';
import { ROWS } from '../../src/cli/races.js';
import { replay } from '../../src/explore/replay.js';
import { decodeToken } from '../../src/explore/token.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { ROOT } from '../support/build.js';

const PAGE = readFileSync(join(ROOT, 'docs', 'races.md'), 'utf8');

it('has a row for each scenario and each patch, and no other, and each is as it must be', () => {
  const rows = [...PAGE.matchAll(/^\| (\+ )?([a-z][a-z0-9-]+) \| ([^|]+) \|/gm)].filter(
    ([, , name]) => name !== 'scenario',
  );
  expect(rows.map(([, plus, name]) => `${plus ?? ''}${name}`).sort()).toEqual(
    ROWS.map(({ scenario, patch }) => (patch === null ? scenario.name : `+ ${patch.name}`)).sort(),
  );
  for (const [line, , , result] of rows) expect(line, result).toMatch(/verified|caught: |as it must be/);
});

it('has tokens that end as the page says', () => {
  const tokens = [...PAGE.matchAll(/^(.*)`(sl1\.[^`]+)`/gm)];
  expect(tokens.length).toBeGreaterThan(ROWS.length);
  for (const [, before = '', token = ''] of tokens) {
    const { schedule, ...description } = decodeToken(token);
    const { violation, outcome } = replay(new ControlledMachine(modelOf(description)), schedule);
    const { expected } = findScenario(description.scenario);
    if (description.patches.length > 0) expect(before, token).toContain(`caught: ${violation?.kind}`);
    else if (violation !== null) expect(violation.kind, token).toBe(expected);
    else expect(before, token).toContain(`- ${outcome}:`);
  }
});
