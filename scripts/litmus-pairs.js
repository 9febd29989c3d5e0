/** Writes the systematic part of the collection of litmus tests: `npm run litmus:pairs`. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { pairTests } from '../dist/src/litmus/pairs.js';

const folder = new URL('../litmus/pairs/', import.meta.url);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const { name, text } of pairTests()) writeFileSync(new URL(`${name}.litmus`, folder), text);
