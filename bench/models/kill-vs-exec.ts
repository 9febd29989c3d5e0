/**
 * `kill(2)` against a thread that execs, in 25 operations: what `kill_pid_info`, `__lock_task_sighand`, `de_thread`,
 * `exit_notify` and `release_task` of Linux do to the pid hash and to `sighand`, and nothing else. The process lives
 * all the time, under one pid; only the task that stands for it changes.
 *
 * Left out: RCU (nothing is freed here), permissions, the other threads, the parent.
 */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';

/** Tasks, as the pid hash has them. */
const LEADER = 0;
const EXECING = 1;

/** @param retry as in `kill_pid_info`: looks the pid up again where the task found was released meanwhile */
export function killVsExecModel(retry = true): Model {
  return defineModel('small-kill-vs-exec', (m) => {
    const pidHash = m.cell('pid hash', LEADER);
    /** By task: whether it has its `sighand` still. */
    const sighand = m.cells('sighand', 2, 1);
    const sigkill = m.cell('SIGKILL pending');
    const siglock = m.mutex('siglock');
    const tasklistLock = m.mutex('tasklist_lock');
    const zombie = m.plain('leader->exit_state');
    const notify = m.condition('group_exit_task');
    const shared = m.plain('shared_pending');

    m.thread('kill', function* (t) {
      let sent = false;
      do {
        const task = yield t.load(pidHash);
        const of = sighand[task] as (typeof sighand)[number];
        if ((yield t.load(of)) === 0) continue;
        yield t.lock(siglock);
        // Released between the load and the lock?
        if ((yield t.load(of)) !== 0) {
          t.write(shared, 1);
          sent = true;
        }
        t.unlock(siglock);
      } while (retry && !sent);
      t.assert(sent, 'kill said ESRCH, and the process lives');
    });

    m.thread('exec', function* (t) {
      yield t.lock(siglock);
      yield t.store(sigkill, 1); // zap_other_threads
      t.unlock(siglock);
      yield t.lock(tasklistLock);
      while (t.read(zombie) === 0) yield* t.wait(notify, tasklistLock);
      yield t.store(pidHash, EXECING); // change_pid, transfer_pid
      t.unlock(tasklistLock);
      yield t.lock(tasklistLock); // release_task
      yield t.lock(siglock);
      yield t.store(sighand[LEADER] as (typeof sighand)[number], 0); // __exit_signal
      t.unlock(siglock);
      t.unlock(tasklistLock);
    });

    m.thread('leader', function* (t) {
      yield t.until(sigkill, 1);
      yield t.lock(siglock); // exit_signals
      t.unlock(siglock);
      yield t.lock(tasklistLock); // exit_notify
      t.write(zombie, 1);
      yield* t.signal(notify);
      t.unlock(tasklistLock);
    });

    m.finally((end) => end.assert(end.value(shared) === 1, 'the signal is not pending'));
  });
}
