/** That `docs/kernel.md` says what the code says, and that the functions of the signal path are there. */

import { describe, expect, it } from 'vitest';
import { ELSEWHERE, kernelDoc, kernelFiles } from '../support/kernel-doc.js';
import { KERNEL_PARTS } from '../support/kernel-rows.js';

it('docs/kernel.md is made from the sources as they are', async () => {
  await expect(kernelDoc()).toMatchFileSnapshot('../../docs/kernel.md');
});

/** What a reader of the kernel looks for on this path. */
const PATH: Readonly<Record<string, string>> = {
  sending: `kill tgkill tkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal kill_something_info kill_pid_info
    __kill_pgrp_info group_send_sig_info check_kill_permission kill_ok_by_cred do_send_sig_info do_send_specific
    do_tkill __lock_task_sighand unlock_task_sighand send_signal __send_signal prepare_signal sig_ignored
    sig_task_ignored sig_handler_ignored legacy_queue __sigqueue_alloc __sigqueue_free flush_sigqueue
    flush_sigqueue_mask flush_signals complete_signal wants_signal signal_wake_up_state recalc_sigpending
    recalc_sigpending_tsk calculate_sigpending kick_process signalfd_notify force_sig force_sig_fault send_sig
    kill_pgrp`,
  receiving: `exit_to_usermode_loop do_signal handle_signal setup_rt_frame signal_setup_done signal_delivered
    rt_sigreturn get_signal dequeue_signal __dequeue_signal collect_signal next_signal dequeue_synchronous_signal
    do_signal_stop task_participate_group_stop do_notify_parent_cldstop do_sigaction rt_sigaction sigprocmask
    rt_sigprocmask __set_task_blocked set_current_blocked retarget_shared_pending rt_sigpending rt_sigsuspend pause
    rt_sigtimedwait signalfd signalfd4 sigaltstack`,
  dying: `do_group_exit exit_group zap_other_threads do_exit exit_signals exit_notify forget_original_parent
    find_new_reaper find_child_reaper reparent_leader kill_orphaned_pgrp is_current_pgrp_orphaned do_notify_parent
    release_task __exit_signal __unhash_process ptrace_release_task proc_flush_task cgroup_release
    delayed_put_task_struct do_wait wait_consider_task wait_task_zombie wait_task_stopped wait_task_continued
    child_wait_callback eligible_child wait4 waitid`,
  'being born and changing': `copy_process _do_fork fork vfork clone de_thread execve flush_old_exec setup_new_exec
    flush_signal_handlers alloc_pid free_pid find_pid_ns find_vpid pid_task attach_pid detach_pid change_pid
    transfer_pid get_pid put_pid setuid setreuid setresuid setgid setregid setresgid commit_creds capget capset
    setpgid setsid prctl unshare`,
  'tracing and time': `ptrace ptrace_attach ptrace_traceme ptrace_resume ptrace_detach ptrace_stop ptrace_signal
    ptrace_freeze_traced exit_ptrace alarm setitimer getitimer nanosleep restart_syscall timer_create timer_settime
    timer_delete read write pipe`,
  'standing on': `schedule __schedule try_to_wake_up wake_up_process wake_up_state set_current_state
    __set_current_state __wake_up add_wait_queue remove_wait_queue complete wait_for_common call_rcu
    synchronize_rcu rcu_read_lock rcu_read_unlock rcu_dereference rcu_assign_pointer`,
};

const there = new Set(kernelFiles().flatMap(({ functions }) => functions.map(({ name }) => name)));

describe('the signal path', () => {
  for (const [part, names] of Object.entries(PATH)) {
    it.each(names.split(/\s+/))(`${part}: %s`, (name) => {
      expect(there.has(name) || name in ELSEWHERE).toBe(true);
    });
  }
});

it('each function of the signal path is in a row of what must hold', () => {
  const inRows = new Set(KERNEL_PARTS.flatMap(({ rows }) => rows.flatMap(({ functions }) => functions.split(' '))));
  const missing = Object.values(PATH).flatMap((names) => names.split(/\s+/).filter((name) => !inRows.has(name)));
  expect(missing).toEqual([]);
});

describe('a function that is none here', () => {
  it.each(Object.entries(ELSEWHERE))('has its work done by one that is, or is left out: %s', (name, where) => {
    expect(there).not.toContain(name);
    if ('in' in where) expect(there).toContain(where.in);
  });
});
