/** Mutants of the kernel: one of its functions, as built, with one lock, look, wake-up or RCU section taken out. */

import { readFileSync } from 'node:fs';

/** The files of the signal path, in dist/src/kernel. */
export const FILES = [
  ...['complete', 'force-signal', 'get-signal', 'kill', 'notify-parent', 'prepare', 'queue', 'send', 'sigaction'],
  ...['sigprocmask', 'sigwait', 'stop', 'exit', 'wait', 'fork', 'exec', 'pid', 'pidfd', 'pgrp', 'cred', 'sched'],
  ...['signalfd', 'ptrace', 'ptrace-stop', 'itimer'],
];

const ACQUIRE = /^( *)if \(this\.(?:spin|read|write)_lock(?:_irq|_irqsave)?\((.+)\)\)\n *yield;\n/gm;
const LOOK = /^ *if \((.+)\)\n *(?:return\b.*|break|continue);\n/gm;
/** Not a look at what others may have done, but at what the function was given, or could not get. */
const ERROR_EXIT = /bad_fork|fork_out|displaced|-E(?:INVAL|FAULT|NOMEM|PERM|AGAIN|BADF|MFILE)\b/;
const POINT = /\byield;/;
const WAKE =
  /^ *(?:yield\* )?this\.(?:wake_up_process|wake_up_state|signal_wake_up_state|__wake_up|__wake_up_parent|wakeStopped|kick_process|retarget_shared_pending|recalc_sigpending_and_wake|ptrace_trap_notify|do_notify_pidfd|notifyCldstop|notifyContinued|signalfd_notify|complete_signal|zap_other_threads|smp_send_reschedule|task_clear_jobctl_trapping|delayMultiprocess)\(.*\);\n/gm;
const RCU_SECTION = /^ *this\.rcu_read_(?:un)?lock\(\);\n/gm;
const CALL_RCU = /this\.call_rcu\((.+), (this\.rcuCallbacks\.\w+)\);/;

/** The members of a module's object of functions. */
function membersOf(text) {
  const members = [];
  for (const match of text.matchAll(/^ {4}\*?(\w+)\(.*\) \{\n/gm)) {
    const end = text.indexOf('\n    },\n', match.index);
    if (end > 0) members.push({ name: match[1], start: match.index, body: text.slice(match.index, end + 1) });
  }
  return members;
}

function escaped(text) {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/** What can be taken out of a function: pairs of what it is and the function without it. */
function* mutationsOf(body) {
  const locks = new Set([...body.matchAll(ACQUIRE)].map((match) => match[2]));
  for (const lock of locks) {
    const of = escaped(lock);
    const acquire = new RegExp(
      String.raw`^ *if \(this\.(?:spin|read|write)_lock(?:_irq|_irqsave)?\(${of}\)\)\n *yield;\n`,
      'gm',
    );
    const release = new RegExp(
      String.raw`^( *)this\.(?:spin|read|write)_unlock(?:_irq|_irqrestore)?\(${of}(?:, \w+)?\);\n`,
      'gm',
    );
    yield { kind: 'lock', what: lock, body: body.replace(acquire, '').replace(release, '$1;\n') };
  }
  const begun = body.search(POINT);
  for (const match of body.matchAll(LOOK)) {
    if (begun < 0 || match.index < begun || ERROR_EXIT.test(match[0])) continue;
    // Where a loop ends when all is well, the look that is not made is taken to have gone well.
    const without = match[0].replace(`if (${match[1]})`, match[0].includes('break;') ? 'if (true)' : 'if (false)');
    const what = match[0].trim().replaceAll(/\s+/g, ' ');
    yield {
      kind: 'look',
      what,
      body: body.slice(0, match.index) + without + body.slice(match.index + match[0].length),
    };
  }
  for (const match of body.matchAll(WAKE)) {
    const rest = body.slice(match.index + match[0].length);
    yield { kind: 'wake-up', what: match[0].trim(), body: `${body.slice(0, match.index)};\n${rest}` };
  }
  if (RCU_SECTION.test(body)) yield { kind: 'RCU', what: 'rcu_read_lock', body: body.replace(RCU_SECTION, '') };
  RCU_SECTION.lastIndex = 0;
  const call = CALL_RCU.exec(body);
  if (call !== null) {
    yield { kind: 'RCU', what: 'call_rcu', body: body.replace(CALL_RCU, 'this.rcu_callback($2, $1);') };
  }
}

/**
 * All mutants of some files.
 *
 * @param paths of built modules
 * @returns for each its file, function, kind, what is taken out, and the module's text with it
 */
export function mutantsOf(paths) {
  return paths.flatMap((path) => {
    const text = readFileSync(path, 'utf8');
    return membersOf(text).flatMap(({ name, start, body }) =>
      [...mutationsOf(body)].map((mutation) => ({
        path,
        function: name,
        kind: mutation.kind,
        what: mutation.what,
        module: text.slice(0, start) + mutation.body + text.slice(start + body.length),
      })),
    );
  });
}
