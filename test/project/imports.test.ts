import { describe, expect, it } from 'vitest';
import { forbiddenNames, importsOf, partOf, wrongImports } from '../support/imports.js';
import { sourcesIn } from '../support/source.js';

const ALL = sourcesIn('src', 'scenarios', 'workers');

/** Where an execution happens: the same schedule must give the same events, on every machine. */
const DETERMINISTIC = [
  ...sourcesIn('src/kernel', 'src/sync', 'src/memory'),
  ...[
    'controlled',
    'serial-cpu',
    'hosted-cpu',
    'perform',
    'enabled',
    'end',
    'schedule',
    'compose',
    'model',
    'trace-buffer',
  ].flatMap((name) => sourcesIn(`src/machine/${name}.ts`)),
];

describe('imports', () => {
  it('point one way through the whole project', () => {
    expect(ALL.length).toBeGreaterThan(50);
    expect(ALL.flatMap(wrongImports)).toEqual([]);
  });

  it('were looked at: every part of the project has some', () => {
    const parts = new Set(ALL.filter((file) => importsOf(file).length > 0).map(({ path }) => partOf(path)));
    for (const part of [
      'src/cli',
      'src/trace',
      'src/explore',
      'src/machine',
      'src/kernel',
      'src/sync',
      'src/patches',
    ]) {
      expect(parts).toContain(part);
    }
  });

  it.each([
    ['src/machine/x.ts', "import { Kernel } from '../kernel/kernel.js';"],
    ['src/machine/x.ts', "import type { Kernel } from '../kernel/kernel.js';"],
    ['src/explore/x.ts', "import { findScenario } from '../../scenarios/catalog.js';"],
    ['src/explore/x.ts', "export { Kernel } from '../kernel/kernel.js';"],
    ['src/kernel/x.ts', "const machine = await import('../machine/controlled.js');"],
    ['src/kernel/x.ts', "let machine: import('../machine/model.js').Model;"],
    ['src/kernel/x.ts', "import { noKillRetry } from '../patches/no-kill-retry.js';"],
    ['src/memory/x.ts', "import { Cpu } from '../sync/cpu.js';"],
    ['src/sync/x.ts', "import { task_struct } from '../kernel/structs.js';"],
    ['src/trace/x.ts', "import { paint } from '../cli/context.js';"],
    ['scenarios/x.ts', "import { explore } from '../src/explore/explore.js';"],
    ['src/memory/x.ts', "import { helper } from '../helper.js';"],
    ['src/unheard-of/x.ts', "import { x } from './y.js';"],
  ])('that point another way are reported: %s, %s', (path, text) => {
    expect(wrongImports({ path, text: `// A comment\n${text}\n` })).toHaveLength(1);
  });

  it('are reported with file and line', () => {
    const text = "import { a } from './a.js';\nimport { Kernel } from '../kernel/kernel.js';\n";
    expect(wrongImports({ path: 'src/machine/x.ts', text })).toEqual([
      'src/machine/x.ts:2: src/machine may not import ../kernel/kernel.js',
    ]);
  });
});

describe('time, chance and the process', () => {
  it('are not named where an execution happens', () => {
    expect(DETERMINISTIC.length).toBeGreaterThan(30);
    expect(DETERMINISTIC.flatMap(forbiddenNames)).toEqual([]);
  });

  it.each([
    'const now = Date.now();',
    'const now = new Date();',
    'const chance = Math.random();',
    'const { now } = performance;',
    'if (process.env.FAST) skip();',
    'setTimeout(() => {}, 1);',
    'globalThis.setTimeout(() => {}, 1);',
    'const bytes = crypto.getRandomValues(new Uint8Array(4));',
    "import { randomBytes } from 'node:crypto';",
    "import { setImmediate as later } from 'node:timers/promises';",
  ])('are reported: %s', (text) => {
    expect(forbiddenNames({ path: 'src/kernel/x.ts', text }).length).toBeGreaterThan(0);
  });

  it.each([
    "const leader = setup.process('leader');",
    '// Date and process are only talked of',
    "const s = 'process';",
  ])('are told from what only has the name: %s', (text) => {
    expect(forbiddenNames({ path: 'src/kernel/x.ts', text })).toEqual([]);
  });
});
