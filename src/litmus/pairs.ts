/** The systematic part of the collection: every pair of operations on one process. */

interface Operation {
  readonly name: string;
  readonly call: string;
}

/** What another process can do to B. */
const OUTER: readonly Operation[] = [
  { name: 'probe', call: 'kill(B, 0)' },
  { name: 'term', call: 'kill(B, SIGTERM)' },
  { name: 'kill', call: 'kill(B, SIGKILL)' },
  { name: 'handled', call: 'kill(B, SIGUSR1)' },
  { name: 'blocked', call: 'kill(B, SIGUSR2)' },
  { name: 'stop', call: 'kill(B, SIGSTOP)' },
  { name: 'cont', call: 'kill(B, SIGCONT)' },
  { name: 'queue', call: 'sigqueue(B, SIGRTMIN, 1)' },
];

/** What B can do itself. */
const OWN: readonly Operation[] = [
  { name: 'exit', call: 'exit_group(3)' },
  { name: 'exec', call: 'execve(Image)' },
  { name: 'ignore', call: 'sigaction(SIGTERM, SIG_IGN)' },
  { name: 'unblock', call: 'sigprocmask(SIG_UNBLOCK, {SIGUSR2, SIGRTMIN})' },
  { name: 'suspend', call: 'sigsuspend({SIGUSR1})' },
];

export interface GeneratedTest {
  readonly name: string;
  readonly text: string;
}

const HANDLER = 'handler H {\n  n = n + 1;\n}\n';
const SETUP = 'setup { sigaction(SIGUSR1, H); sigprocmask(SIG_BLOCK, {SIGUSR2, SIGRTMIN}); }';

function twoSenders(first: Operation, second: Operation): GeneratedTest {
  const name = `pair-${first.name}-${second.name}`;
  const text = `litmus ${name}
question "What can come of ${first.call} and ${second.call} from two processes?"
from kill(2)

${HANDLER}
process A {
  r = ${first.call};
}

process C {
  r = ${second.call};
}

process B {
  ${SETUP}
}

observe B:n, state(B), pending(B);
forall A:r == 0 && C:r == 0
`;
  return { name, text };
}

function senderAndTarget(outer: Operation, own: Operation): GeneratedTest {
  const name = `own-${outer.name}-${own.name}`;
  const image = own.name === 'exec' ? '\nprogram Image {\n  x = 1;\n}\n' : '';
  const text = `litmus ${name}
question "What can come of ${outer.call} while the process calls ${own.call}?"
from kill(2)

${HANDLER}
process A {
  r = ${outer.call};
}

process B {
  ${SETUP}
  r = ${own.call};
}
${image}
observe B:r, B:n, ${image === '' ? '' : 'Image:x, '}state(B), pending(B);
forall A:r == 0
`;
  return { name, text };
}

/**
 * Makes the tests under `litmus/pairs`. A process is found by every sender, for its parent, init, does not wait for it
 * before the end: that is what their conditions say.
 */
export function pairTests(): GeneratedTest[] {
  const senders = OUTER.flatMap((first, at) => OUTER.slice(at).map((second) => twoSenders(first, second)));
  return [...senders, ...OUTER.flatMap((outer) => OWN.map((own) => senderAndTarget(outer, own)))];
}
