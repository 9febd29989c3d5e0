import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkTypes } from '../../src/files/check.js';
import { codeFrame, placeOf } from '../../src/files/error.js';
import { ensureBuilt } from '../support/build.js';
import { temporaryFolder } from '../support/folder.js';

const folder = temporaryFolder();
beforeAll(ensureBuilt);

describe('the types of a user’s file', () => {
  it('are checked against the public API: each mistake with its line', () => {
    const file = join(folder, 'wrong.ts');
    writeFileSync(
      file,
      `import { defineModel } from 'siglab';

export const model = defineModel('mine', (m) => {
  const cell = m.cell('cell', 'one');
  m.thread('first', function* (t) {
    yield t.stor(cell, 1);
  });
});
`,
    );
    const mistakes = checkTypes(file) ?? [];
    expect(mistakes).toHaveLength(2);
    expect(mistakes[0]).toContain(`${file}:4:31: Argument of type 'string'`);
    expect(mistakes[1]).toMatch(/wrong\.ts:6:13: Property 'stor' does not exist on type 'Thread'/);
    expect(mistakes[1]).toContain('> 6 |     yield t.stor(cell, 1);\n    |             ^');
  });
});

describe('a code frame', () => {
  it('has the lines around, numbered, and a mark under the column', () => {
    const text = Array.from({ length: 12 }, (_, line) => `line ${line + 1}`).join('\n');
    expect(codeFrame(text, { line: 9, column: 3 })).toBe(
      ['   7 | line 7', '   8 | line 8', '>  9 | line 9', '     |   ^', '  10 | line 10', '  11 | line 11'].join('\n'),
    );
  });

  it('ends where the file does, and keeps tabs', () => {
    expect(codeFrame('\tone', { line: 1, column: 2 })).toBe('> 1 | \tone\n    | \t^');
  });

  it('finds its place', () => {
    expect(placeOf('f', 'a\n  b', 'b')).toEqual({ file: 'f', line: 2, column: 3 });
    expect(placeOf('f', 'a', 'nowhere')).toEqual({ file: 'f', line: 1, column: 1 });
  });
});
