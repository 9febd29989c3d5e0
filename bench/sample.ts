/**
 * One sample of one candidate, in this process and nothing else: what the engine has learnt of one candidate's code
 * must not slow down another's. Prints it as JSON.
 *
 * Usage: node dist/bench/sample.js BENCH CANDIDATE [ROUND]
 */

import { BENCHES } from './benches.js';

const [benchName, candidateName, round = '1'] = process.argv.slice(2);
const candidate = BENCHES.find(({ name }) => name === benchName)?.candidates.find(({ name }) => name === candidateName);
if (candidate === undefined) {
  console.error(`there is no candidate "${candidateName}" of a benchmark "${benchName}"; there is:`);
  for (const { name, candidates } of BENCHES)
    for (const known of candidates) console.error(`  ${name} '${known.name}'`);
  process.exitCode = 2;
} else {
  console.log(JSON.stringify(await candidate.sample(Number(round))));
}
