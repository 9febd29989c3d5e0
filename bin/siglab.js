#!/usr/bin/env node
/** Starts siglab. In a checkout it first makes sure that the packages and the build are there and fresh. */

import { existsSync } from 'node:fs';

const setupScript = new URL('../scripts/setup.js', import.meta.url);
if (existsSync(setupScript)) {
  const { setup } = await import(setupScript.href);
  if (!setup()) process.exit(2);
}
const { main } = await import(new URL('../dist/src/cli/main.js', import.meta.url).href);
await main(process.argv);
