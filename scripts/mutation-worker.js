/** Tries one mutant on some scenarios, in a thread of its own: a mutant may never come back. */

import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { ControlledMachine, findExecution, findScenario, kernelModel, strategyNamed } from '../dist/src/index.js';

const { path, function: name, module: text, scenarios, schedules } = workerData;

/** The mutant's function, out of a module beside the original: its imports are relative. */
async function mutatedFunction() {
  const file = join(dirname(path), `mutant-${process.pid}-${threadId}.js`);
  writeFileSync(file, text);
  try {
    const exported = await import(file);
    return Object.values(exported).find((value) => typeof value === 'object' && value !== null && name in value)[name];
  } finally {
    rmSync(file);
  }
}

/** How a scenario notices in so many executions, or null. */
function noticed(scenario, patch, executions) {
  const unexpected = (violation) => violation !== null && violation.kind !== scenario.expected;
  try {
    const machine = new ControlledMachine(kernelModel(scenario, { patches: [patch] }));
    const found = findExecution(machine, strategyNamed('pct', { seed: executions }), executions, unexpected);
    return found === null ? null : { kind: found.violation.kind, message: found.violation.message };
  } catch (error) {
    // The mutant has broken something that the simulation itself relies on.
    return { kind: 'crash', message: String(error).split('\n')[0] };
  }
}

const patch = { name: 'mutant', title: '', story: '', functions: { [name]: await mutatedFunction() } };
function attempt() {
  // Most are noticed at once, by some scenario; those that are left get all there is.
  for (const executions of [Math.ceil(schedules / 10), schedules]) {
    for (const scenario of scenarios) {
      const how = noticed(findScenario(scenario), patch, executions);
      if (how !== null) return { scenario, ...how };
    }
  }
  return null;
}

parentPort.postMessage(attempt());
