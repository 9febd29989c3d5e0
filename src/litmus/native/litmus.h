/*
 * What a compiled litmus test stands on: system calls without the C library, tasks on stacks of their own, a start for all at once,
 * delays that differ from one iteration to the next, the end that comes when nothing moves any more, and the clean-up.
 *
 * The including file says, before it includes this: LT_TASKS, LT_REGISTERS, LT_CELLS, LT_PIPES, LT_LINE (room for an
 * outcome), LT_NEEDS_ROOT, LT_NEEDS_NAMESPACE, LT_SETTLE_NS, LT_PAUSE_NS (longer than the
 * longest timer, shorter than LT_SETTLE_NS; or 0) and LT_OWN_MEMORY: one iteration in so many has processes with memories
 * of their own, the others have processes that share one. After it come lt_tasks, lt_cells and lt_observe.
 *
 * Nothing here reaches a process outside the test: the tasks live in a pid namespace of their own where the system lets
 * us have one, and otherwise in a session of their own, known by their pids.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The kernel's: no library takes the first two here. */
#undef SIGRTMIN
#define SIGRTMIN 32
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

enum { LT_PROCESS, LT_THREAD, LT_PROGRAM };
enum { LT_INIT = -1, LT_NO_GROUP = -1, LT_OWN_GROUP = -2 };

struct lt_task {
  const char *name;
  int kind;
  int of; /* the parent, or the process of a thread */
  int group, session, subreaper, container, uid;
  void (*setup)(void);
  void (*body)(void);
};

/* What others wait for before the race: its value, and the last one whose announcement has come to its end. */
struct lt_word {
  int value, told;
};

/* Shared by all tasks of a test, images that they execute included. */
struct lt_shared {
  struct lt_word go;
  struct lt_word turn; /* whose setup it is: the task's number plus one */
  int spin_bits; /* delays are at most 2^spin_bits turns of a loop */
  int time_scale; /* sixteenths */
  int memory; /* CLONE_VM: the processes share their memory; 0: each has its own */
  struct lt_word ready[LT_TASKS + 1];
  struct lt_word turned[LT_TASKS + 1];
  int done[LT_TASKS + 1];
  int pid[LT_TASKS + 1];
  uint64_t random[LT_TASKS + 1];
  int value[LT_TASKS + 1][LT_REGISTERS + 1];
  char known[LT_TASKS + 1][LT_REGISTERS + 1];
  int cell[LT_CELLS + 1];
  int pipe[LT_PIPES + 1][2];
};

enum { LT_SHARED_FD = 200, LT_EXE_FD = 201, LT_STACK = 1 << 16 };

static struct lt_shared *lt;
static const struct lt_task lt_tasks[];
static void lt_observe(char *line);
static void lt_cells(int *cell);
static char lt_stacks[LT_TASKS + 1][LT_STACK] __attribute__((aligned(64)));
static int lt_image = -1; /* the program that this process has executed */
static int lt_root; /* tasks can be given user ids */

/* ---- system calls: the kernel's own results, negative errnos included; errno is left alone ---- */

static inline long lt_call(long nr, long a, long b, long c, long d, long e) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}
#define lt_call0(nr) lt_call(nr, 0, 0, 0, 0, 0)
#define lt_call1(nr, a) lt_call(nr, (long)(a), 0, 0, 0, 0)
#define lt_call2(nr, a, b) lt_call(nr, (long)(a), (long)(b), 0, 0, 0)
#define lt_call3(nr, a, b, c) lt_call(nr, (long)(a), (long)(b), (long)(c), 0, 0)
#define lt_call4(nr, a, b, c, d) lt_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0)

/* ---- who runs ---- */

/* Each task runs on a stack of its own, so that a handler knows whose it is without asking. */
static inline int lt_me(void) {
  long offset = (char *)__builtin_frame_address(0) - &lt_stacks[0][0];
  if (offset >= 0 && offset < (long)sizeof lt_stacks) return (int)(offset / LT_STACK);
  return lt_image;
}

static inline void lt_put(int reg, int value) {
  int me = lt_me();
  if (reg < 0) return;
  lt->value[me][reg] = value;
  lt->known[me][reg] = 1;
}
static inline int lt_get(int reg) { return lt->value[lt_me()][reg]; }
static inline int lt_load(int cell) { return __atomic_load_n(&lt->cell[cell], __ATOMIC_SEQ_CST); }
static inline void lt_store(int cell, int value) { __atomic_store_n(&lt->cell[cell], value, __ATOMIC_SEQ_CST); }
static inline int lt_pid(int task) { return __atomic_load_n(&lt->pid[task], __ATOMIC_SEQ_CST); }
static inline int lt_fd(int pipe, int end) { return lt->pipe[pipe][end]; }

/* ---- delays ---- */

static uint64_t lt_next(uint64_t *state) {
  uint64_t x = *state += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

enum { LT_PAUSE_EVERY = 16 };

static void lt_spin(uint64_t turns) {
  for (uint64_t turn = 0; turn < turns; turn++) __asm__ volatile("" ::: "memory");
}

/* Before each statement: often nothing, sometimes long, so that every order of statements has a chance. */
static void lt_step(void) {
  uint64_t random = lt_next(&lt->random[lt_me()]);
  if (LT_PAUSE_NS > 0 && (random >> 40) % LT_PAUSE_EVERY == 0) {
    /* A long timer expires before a statement too. */
    struct timespec time = {LT_PAUSE_NS / 1000000000, LT_PAUSE_NS % 1000000000};
    lt_call2(SYS_nanosleep, &time, NULL);
    return;
  }
  switch (random & 7) {
    case 0:
    case 1:
    case 2:
      return;
    case 3:
      lt_call0(SYS_sched_yield);
      return;
    default:
      if (lt->spin_bits > 0) {
        int bits = (int)((random >> 8) % (uint64_t)lt->spin_bits);
        lt_spin(((uint64_t)1 << bits) + ((random >> 16) & (((uint64_t)1 << bits) - 1)));
      }
  }
}

/* Times below a millisecond stand for an order of events only: they are made shorter and longer. */
static int64_t lt_time(int64_t ns) { return ns > 0 && ns < 1000000 ? 1 + ns * lt->time_scale / 16 : ns; }

/* ---- tasks ---- */

/*
 * Before the race nobody keeps a CPU from the others: who waits sleeps. A task that sees the value before it is woken is
 * still to be woken, and would be in the middle of its test, so it goes on when everybody has been woken.
 */
static void lt_wait_until(struct lt_word *word, int value) {
  for (int seen; (seen = __atomic_load_n(&word->value, __ATOMIC_SEQ_CST)) != value;) {
    lt_call4(SYS_futex, &word->value, FUTEX_WAIT, seen, NULL);
  }
  while (__atomic_load_n(&word->told, __ATOMIC_SEQ_CST) != value) lt_call0(SYS_sched_yield);
}

static void lt_announce(struct lt_word *word, int value) {
  __atomic_store_n(&word->value, value, __ATOMIC_SEQ_CST);
  lt_call3(SYS_futex, &word->value, FUTEX_WAKE, LT_TASKS + 1);
  __atomic_store_n(&word->told, value, __ATOMIC_SEQ_CST);
}

static long lt_clone(unsigned long flags, int task);

/* In a pid namespace below the runner's: the number by which the runner knows this process. Its /proc has it. */
static void lt_find_pid(int me) {
  char text[16];
  long size = lt_call4(SYS_readlinkat, AT_FDCWD, "/proc/self", text, sizeof text);
  int pid = 0;
  for (long at = 0; at < size; at++) pid = pid * 10 + (text[at] - '0');
  if (size > 0) __atomic_store_n(&lt->pid[me], pid, __ATOMIC_SEQ_CST);
}

static void lt_prepare(int me) {
  const struct lt_task *task = &lt_tasks[me];
  if (task->kind == LT_PROCESS && task->of >= 0 && lt_tasks[task->of].container) lt_find_pid(me);
  if (task->kind == LT_PROCESS) {
    if (task->session) lt_call0(SYS_setsid);
    if (task->group == LT_OWN_GROUP) lt_call2(SYS_setpgid, 0, 0);
    if (task->group >= 0) lt_call2(SYS_setpgid, 0, lt->pid[task->group]);
    if (task->subreaper) lt_call2(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1);
    for (int other = 0; other < LT_TASKS; other++) {
      if (lt_tasks[other].of != me || lt_tasks[other].kind == LT_PROGRAM) continue;
      lt_clone(lt_tasks[other].kind == LT_THREAD
                   ? CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM
                   : (unsigned long)lt->memory | SIGCHLD,
               other);
      lt_wait_until(&lt->ready[other], 1);
    }
  }
  if (lt_root) {
    lt_call3(SYS_setresgid, task->uid, task->uid, task->uid);
    lt_call3(SYS_setresuid, task->uid, task->uid, task->uid);
    /* Another user id takes away what a tracer of the same user needs. */
    lt_call2(SYS_prctl, PR_SET_DUMPABLE, 1);
  }
  lt_announce(&lt->ready[me], 1);
  if (task->setup != NULL) {
    lt_wait_until(&lt->turn, me + 1);
    task->setup();
    lt_announce(&lt->turned[me], 1);
  }
  lt_wait_until(&lt->go, 1);
}

__attribute__((noreturn)) static void lt_run(int me) {
  lt_step();
  lt_tasks[me].body();
  __atomic_store_n(&lt->done[me], 1, __ATOMIC_SEQ_CST);
  for (;;) lt_call0(SYS_pause);
}

__attribute__((noreturn, used)) static void lt_start(int me) {
  if (lt_tasks[me].kind != LT_PROGRAM) lt_prepare(me);
  lt_run(me);
}

/* The new task's number is in lt->pid before it runs, and before its parent goes on. */
static long lt_clone(unsigned long flags, int task) {
  long result;
  register long r10 __asm__("r10") = 0;
  register long r8 __asm__("r8") = 0;
  __asm__ volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %%ebx, %%edi\n\t"
      "call %P[start]\n\t"
      "1:"
      : "=a"(result)
      : "0"((long)SYS_clone), "D"(flags | CLONE_PARENT_SETTID), "S"(lt_stacks[task] + LT_STACK - 64),
        "d"(&lt->pid[task]), "b"(task), "r"(r10), "r"(r8), [start] "i"(lt_start)
      : "rcx", "r11", "memory");
  return result;
}

/* ---- the calls of the language that are more than one system call ---- */

#define LT_SET(sig) ((uint64_t)1 << ((sig)-1))

struct lt_sigaction {
  void (*handler)(int, siginfo_t *, void *);
  unsigned long flags;
  void (*restorer)(void);
  uint64_t mask;
};
void lt_restorer(void);
__asm__(".text\n.globl lt_restorer\nlt_restorer:\n\tmov $15, %eax\n\tsyscall\n");

typedef void (*lt_handler)(int, siginfo_t *, void *);

static inline int lt_sigaction(int sig, lt_handler handler, unsigned flags, uint64_t mask) {
  struct lt_sigaction act = {handler, flags | 0x04000000u /* SA_RESTORER */, lt_restorer, mask};
  return (int)lt_call4(SYS_rt_sigaction, sig, &act, NULL, 8);
}
static inline int lt_kill(int pid, int sig) { return (int)lt_call2(SYS_kill, pid, sig); }
static inline int lt_killpg(int pgrp, int sig) { return pgrp < 0 ? -EINVAL : (int)lt_call2(SYS_kill, -pgrp, sig); }
static inline int lt_tkill(int tid, int sig) { return (int)lt_call2(SYS_tkill, tid, sig); }
static inline int lt_tgkill(int tgid, int tid, int sig) { return (int)lt_call3(SYS_tgkill, tgid, tid, sig); }
static inline int lt_sigqueue(int pid, int sig, int value) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_signo = sig;
  info.si_code = SI_QUEUE;
  info.si_pid = (int)lt_call0(SYS_getpid);
  info.si_uid = (unsigned)lt_call0(SYS_getuid);
  info.si_int = value;
  return (int)lt_call3(SYS_rt_sigqueueinfo, pid, sig, &info);
}
static inline int lt_sigprocmask(int how, uint64_t set) {
  return (int)lt_call4(SYS_rt_sigprocmask, how, &set, NULL, 8);
}
static inline int lt_sigpending(int sig) {
  uint64_t set = 0;
  long result = lt_call2(SYS_rt_sigpending, &set, 8);
  return result < 0 ? (int)result : (set & LT_SET(sig)) != 0;
}
static inline int lt_sigsuspend(uint64_t set) { return (int)lt_call2(SYS_rt_sigsuspend, &set, 8); }
static inline int lt_pause(void) { return (int)lt_call0(SYS_pause); }

/* An `info` register stands for six: si_signo, si_code, si_pid, si_uid, si_status, si_value. */
static inline int lt_wait_signal(uint64_t set, const struct timespec *timeout, int reg) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  int sig = (int)lt_call4(SYS_rt_sigtimedwait, &set, &info, timeout, 8);
  if (sig > 0 && reg >= 0) {
    lt_put(reg, info.si_signo);
    lt_put(reg + 1, info.si_code);
    lt_put(reg + 2, info.si_pid);
    lt_put(reg + 3, (int)info.si_uid);
    lt_put(reg + 4, info.si_status);
    lt_put(reg + 5, info.si_code == SI_QUEUE ? info.si_int : info.si_status);
  }
  return sig;
}
static inline int lt_sigwaitinfo(uint64_t set, int reg) { return lt_wait_signal(set, NULL, reg); }
static inline int lt_sigtimedwait(uint64_t set, int64_t ns, int reg) {
  struct timespec timeout = {ns / 1000000000, ns % 1000000000};
  return lt_wait_signal(set, &timeout, reg);
}
static inline int lt_fork(int task) { return (int)lt_clone((unsigned long)lt->memory | SIGCHLD, task); }
static inline int lt_vfork(int task) { return (int)lt_clone(CLONE_VM | CLONE_VFORK | SIGCHLD, task); }
static inline int lt_thread(int task) {
  return (int)lt_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, task);
}
static inline int lt_execve(int task) {
  char number[4] = {(char)('0' + task / 10), (char)('0' + task % 10), 0};
  char *argv[] = {"litmus", "--image", number, NULL};
  char *envp[] = {NULL};
  return (int)lt_call(SYS_execveat, LT_EXE_FD, (long)"", (long)argv, (long)envp, AT_EMPTY_PATH);
}
static inline int lt_exit(int code) { return (int)lt_call1(SYS_exit, code); }
static inline int lt_exit_group(int code) { return (int)lt_call1(SYS_exit_group, code); }
static inline int lt_waitpid(int pid, int reg, int options) {
  int status = 0;
  int found = (int)lt_call4(SYS_wait4, pid, &status, options, NULL);
  if (found > 0) lt_put(reg, status);
  return found;
}
static inline int lt_wait(int reg) { return lt_waitpid(-1, reg, 0); }
static inline int lt_waitid(int idtype, int id, int reg, int options) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  int result = (int)lt_call(SYS_waitid, idtype, id, (long)&info, options, 0);
  if (result == 0 && reg >= 0) {
    lt_put(reg, info.si_signo);
    lt_put(reg + 1, info.si_code);
    lt_put(reg + 2, info.si_pid);
    lt_put(reg + 4, info.si_status);
  }
  return result;
}
static inline int lt_getpid(void) { return (int)lt_call0(SYS_getpid); }
static inline int lt_gettid(void) { return (int)lt_call0(SYS_gettid); }
static inline int lt_getppid(void) { return (int)lt_call0(SYS_getppid); }
static inline int lt_getpgrp(void) { return (int)lt_call0(SYS_getpgrp); }
static inline int lt_getpgid(int pid) { return (int)lt_call1(SYS_getpgid, pid); }
static inline int lt_getsid(int pid) { return (int)lt_call1(SYS_getsid, pid); }
static inline int lt_setpgid(int pid, int pgid) { return (int)lt_call2(SYS_setpgid, pid, pgid); }
static inline int lt_setsid(void) { return (int)lt_call0(SYS_setsid); }
static inline int lt_getuid(void) { return (int)lt_call0(SYS_getuid); }
static inline int lt_geteuid(void) { return (int)lt_call0(SYS_geteuid); }
static inline int lt_setuid(int uid) { return (int)lt_call1(SYS_setuid, uid); }
static inline int lt_setreuid(int ruid, int euid) { return (int)lt_call2(SYS_setreuid, ruid, euid); }
static inline int lt_setresuid(int ruid, int euid, int suid) {
  return (int)lt_call3(SYS_setresuid, ruid, euid, suid);
}
static inline int lt_alarm(int seconds) { return (int)lt_call1(SYS_alarm, seconds); }
static inline int lt_setitimer(int64_t ns) {
  struct itimerval value = {{0, 0}, {ns / 1000000000, (ns % 1000000000 + 999) / 1000}};
  return (int)lt_call3(SYS_setitimer, ITIMER_REAL, &value, NULL);
}
static inline int lt_nanosleep(int64_t ns) {
  struct timespec time = {ns / 1000000000, ns % 1000000000};
  return (int)lt_call2(SYS_nanosleep, &time, NULL);
}
/* What is read and written does not matter. Longer reads and writes are of so many bytes; so in the model. */
enum { LT_LONGEST_IO = 1 << 20 };
static char lt_bytes[LT_LONGEST_IO];

static inline int lt_size(int count) { return count < 0 ? 0 : count < LT_LONGEST_IO ? count : LT_LONGEST_IO; }
static inline int lt_read(int fd, int count) { return (int)lt_call3(SYS_read, fd, lt_bytes, lt_size(count)); }
static inline int lt_write(int fd, int count) { return (int)lt_call3(SYS_write, fd, lt_bytes, lt_size(count)); }
static inline int lt_close(int fd) { return (int)lt_call1(SYS_close, fd); }
static inline int lt_dup2(int from, int to) { return (int)lt_call2(SYS_dup2, from, to); }
static inline int lt_signalfd(uint64_t set, int flags) { return (int)lt_call4(SYS_signalfd4, -1, &set, 8, flags); }
static inline int lt_read_signal(int fd) {
  struct signalfd_siginfo info;
  long size = lt_call3(SYS_read, fd, &info, sizeof info);
  return size == (long)sizeof info ? (int)info.ssi_signo : (int)size;
}
static inline int lt_pidfd_open(int pid) { return (int)lt_call2(434, pid, 0); }
static inline int lt_pidfd_send_signal(int fd, int sig) { return (int)lt_call4(424, fd, sig, NULL, 0); }
static inline int lt_prctl(int option, int value) { return (int)lt_call(SYS_prctl, option, value, 0, 0, 0); }
static inline int lt_ptrace(int request, int pid, int data) { return (int)lt_call4(SYS_ptrace, request, pid, 0, data); }
static inline int lt_setrlimit(int resource, int limit) {
  struct rlimit value = {(rlim_t)limit, (rlim_t)limit};
  return (int)lt_call2(SYS_setrlimit, resource, &value);
}

#include "runner.h"
