/* The runner: makes a test's tasks, iteration after iteration, sees when they have come to rest, and counts outcomes. */

/* ---- what the tasks do ---- */

struct lt_seen {
  char state; /* as in /proc; 0 for one that is gone */
  int threads;
  uint64_t pending, switches;
};

static struct lt_seen lt_last[LT_TASKS + 1];

/* Reads /proc/TID/NAME. False where there is no such task any more. */
static int lt_read_proc(int tid, const char *name, char *text, size_t room) {
  char path[48];
  snprintf(path, sizeof path, "/proc/%d/%s", tid, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t size = fd < 0 ? -1 : read(fd, text, room - 1);
  if (fd >= 0) close(fd);
  text[size > 0 ? size : 0] = 0;
  return size > 0;
}

/*
 * Whether a task is on a CPU, whatever it calls its state: it may be about to sleep, or to tell its parent that it has
 * stopped or died. The kernel answers only when the task has left the CPU, or runs.
 */
static int lt_runs(int tid) {
  char text[256];
  return lt_read_proc(tid, "syscall", text, sizeof text) && !strncmp(text, "running", 7);
}

static struct lt_seen lt_look(int tid) {
  struct lt_seen seen = {0, 0, 0, 0};
  char text[4096];
  if (!lt_read_proc(tid, "status", text, sizeof text)) {
    /* Gone, or about to have its number taken over by a thread that executes an image. */
    if (kill(tid, 0) == 0) seen.state = 'R';
    return seen;
  }
  for (char *line = text; line != NULL; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    if (!strncmp(line, "Pid:", 4) && atoi(line + 4) != tid) {
      /*
       * /proc found a thread by this number, and took the number that it has since execve: it answers for a task that
       * has another one now.
       */
      struct lt_seen gone = {kill(tid, 0) == 0 ? 'R' : 0, 0, 0, 0};
      return gone;
    }
    if (!strncmp(line, "State:", 6)) sscanf(line + 6, " %c", &seen.state);
    else if (!strncmp(line, "Threads:", 8)) seen.threads = atoi(line + 8);
    else if (!strncmp(line, "SigPnd:", 7) || !strncmp(line, "ShdPnd:", 7)) seen.pending |= strtoull(line + 7, NULL, 16);
    else if (!strncmp(line, "voluntary_ctxt", 14) || !strncmp(line, "nonvoluntary_", 13))
      seen.switches += strtoull(strchr(line, ':') + 1, NULL, 10);
  }
  return seen;
}

static int64_t lt_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void lt_sleep(int64_t ns) {
  struct timespec time = {ns / 1000000000, ns % 1000000000};
  nanosleep(&time, NULL);
}

/*
 * Whether some task was in a sleep that no signal ends: it may wait for a disk, or for another task for good. The init
 * of a pid namespace that dies waits, too, for those in it to give back their numbers, which they do after they have left
 * /proc.
 */
static int lt_deep_sleep;

/* Whether a task is on its way through do_exit. */
static int lt_exits(int tid) {
  char text[1024];
  if (!lt_read_proc(tid, "stat", text, sizeof text)) return 0;
  unsigned flags = 0;
  char *end = strrchr(text, ')');
  return end != NULL && sscanf(end, ") %*c %*d %*d %*d %*d %*d %u", &flags) == 1 && (flags & 4 /* PF_EXITING */) != 0;
}

/* Looks at every task. True: none of them runs, and none has run since the last look. */
static int lt_quiet(void) {
  int quiet = 1;
  lt_deep_sleep = 0;
  for (int task = 0; task < LT_TASKS; task++) {
    int tid = lt_pid(task);
    if (tid == 0) continue;
    struct lt_seen seen = lt_look(tid);
    int rests = seen.state == 0 || (strchr("SDTtZ", seen.state) != NULL && !lt_runs(tid));
    if (!rests || seen.state != lt_last[task].state || seen.switches != lt_last[task].switches) quiet = 0;
    if (seen.state == 'D' || (seen.state == 'S' && lt_tasks[task].container && lt_exits(tid))) lt_deep_sleep = 1;
    lt_last[task] = seen;
  }
  return quiet;
}

enum { LT_DEEP_NS = 1000000000 };

/*
 * Waits until the tasks have come to rest: all of them asleep, stopped or dead in one look and, without having run in
 * between, in the next. Then nobody is left who could wake another, but for timers and disks, which are given their time.
 */
static int lt_settle(void) {
  const int64_t limit = 3000000000LL + LT_SETTLE_NS;
  int64_t start = lt_now(), quiet_since = 0;
  memset(lt_last, 0, sizeof lt_last);
  for (int look = 0;; look++) {
    int quiet = lt_quiet();
    int64_t now = lt_now();
    int64_t time = lt_deep_sleep && LT_DEEP_NS > LT_SETTLE_NS ? LT_DEEP_NS : LT_SETTLE_NS;
    if (!quiet) quiet_since = 0;
    else if (quiet_since == 0) quiet_since = now;
    if (quiet && now - quiet_since >= time) return 1;
    if (now - start > limit) return 0;
    if (quiet) lt_sleep(time / 8);
    else lt_sleep(look < 20 ? 30000 : 200000);
  }
}

static int lt_refuse(const char *why) {
  printf("refused %s\n", why);
  return 3;
}

/* ---- what an outcome shows ---- */

enum { LT_PLAIN, LT_PID };

static char *lt_show_register(char *at, int task, int reg, int kind) {
  int value = lt->value[task][reg];
  if (!lt->known[task][reg]) return at + sprintf(at, "unset ");
  if (kind == LT_PID && value > 0) {
    if (value == getpid()) return at + sprintf(at, "@init ");
    for (int other = 0; other < LT_TASKS; other++) {
      if (lt_pid(other) == value) return at + sprintf(at, "@%s ", lt_tasks[other].name);
    }
    return at + sprintf(at, "@unknown ");
  }
  return at + sprintf(at, "%d ", value);
}

static char *lt_show_cell(char *at, int cell) { return at + sprintf(at, "%d ", lt_load(cell)); }

static int lt_dead(struct lt_seen seen) { return seen.state == 0 || ((seen.state == 'Z' || seen.state == 'X') && seen.threads <= 1); }

static int lt_exit_code(int pid) {
  char text[1024];
  if (!lt_read_proc(pid, "stat", text, sizeof text)) return 0;
  char *last = strrchr(text, ' ');
  return last == NULL ? 0 : atoi(last + 1);
}

static char *lt_show_state(char *at, int task) {
  struct lt_seen seen = lt_last[task];
  if (lt_pid(task) == 0 || seen.state == 0) return at + sprintf(at, "gone ");
  if (lt_dead(seen)) return at + sprintf(at, "%d ", lt_exit_code(lt_pid(task)));
  return at + sprintf(at, "%s ", seen.state == 'T' || seen.state == 't' ? "stopped" : "alive");
}

static char *lt_show_pending(char *at, int task) {
  struct lt_seen seen = lt_last[task];
  return at + sprintf(at, "%016llx ", (unsigned long long)(lt_pid(task) == 0 || lt_dead(seen) ? 0 : seen.pending));
}

/* ---- the histogram ---- */

enum { LT_OUTCOMES = 1024 };
static struct { char line[LT_LINE]; long count; } lt_counts[LT_OUTCOMES];

/* False where there is no room for another outcome. */
static int lt_count(const char *line) {
  for (int at = 0; at < LT_OUTCOMES; at++) {
    if (lt_counts[at].count == 0) strcpy(lt_counts[at].line, line);
    else if (strcmp(lt_counts[at].line, line) != 0) continue;
    lt_counts[at].count++;
    return 1;
  }
  return 0;
}

/* ---- iterations ---- */

static void lt_pin(uint64_t random, int cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  /* All tasks on one CPU, or wherever the scheduler puts them. */
  if (random % 4 == 0) CPU_SET((random >> 8) % (uint64_t)cpus, &set);
  else
    for (int cpu = 0; cpu < cpus; cpu++) CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

static void lt_clean_up(int isolated) {
  if (isolated) {
    /* As the first process of a pid namespace: everybody in it, and nobody else. */
    if (getpid() == 1) kill(-1, SIGKILL);
  } else
    for (int task = 0; task < LT_TASKS; task++) {
      if (lt_pid(task) > 1 && lt_tasks[task].kind != LT_THREAD) kill(lt_pid(task), SIGKILL);
    }
  while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR) {
  }
}

static int lt_iterate(uint64_t *random, int isolated, int cpus) {
  static const int spin_bits[] = {0, 6, 10, 14, 17};
  memset(lt, 0, sizeof *lt);
  lt->spin_bits = spin_bits[lt_next(random) % 5];
  lt->time_scale = 1 << (lt_next(random) % 7);
  /* To signals it is all the same, but for the time it takes to make a memory and to take it down: ten times as long. */
  lt->memory = lt_next(random) % LT_OWN_MEMORY == 0 ? 0 : CLONE_VM;
  for (int task = 0; task < LT_TASKS; task++) lt->random[task] = lt_next(random);
  lt_cells(lt->cell);
  lt_pin(lt_next(random), cpus);
  for (int pipe_number = 0; pipe_number < LT_PIPES; pipe_number++) {
    if (pipe(lt->pipe[pipe_number]) != 0) return 0;
  }
  for (int task = 0; task < LT_TASKS; task++) {
    if (lt_tasks[task].kind != LT_PROCESS || lt_tasks[task].of != LT_INIT) continue;
    unsigned long container = lt_tasks[task].container ? CLONE_NEWPID : 0;
    if (lt_clone(container | (unsigned long)lt->memory | SIGCHLD, task) < 0) return 0;
    lt_wait_until(&lt->ready[task], 1);
  }
  for (int number = 0; number < LT_PIPES; number++) {
    close(lt->pipe[number][0]);
    close(lt->pipe[number][1]);
  }
  for (int task = 0; task < LT_TASKS; task++) {
    if (lt_tasks[task].setup == NULL || lt_tasks[task].kind == LT_PROGRAM) continue;
    lt_announce(&lt->turn, task + 1);
    lt_wait_until(&lt->turned[task], 1);
  }
  lt_announce(&lt->go, 1);
  int settled = lt_settle();
  if (settled) {
    char line[LT_LINE];
    lt_observe(line);
    if (!lt_count(line)) exit(lt_refuse("it has more outcomes than can be counted"));
  }
  lt_clean_up(isolated);
  return settled;
}

/* Somebody wants no more iterations, only what was counted. The one who watches says so to the one who counts. */
static volatile sig_atomic_t *lt_stopped;

static void lt_stop(int sig) { *lt_stopped = sig; }

static int lt_inner(long iterations, double seconds, uint64_t seed, int isolated) {
  uint64_t random = seed;
  long unsettled = 0, made = 0;
  int64_t end = lt_now() + (int64_t)(seconds * 1e9);
  int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
  /* A session that its tasks can see: the one that it was started in has no number in a pid namespace. */
  setsid();
  struct rlimit none = {0, 0}, no_files = {0, 0}, files, cpu_time = {(rlim_t)(seconds * 4 + 60), (rlim_t)(seconds * 4 + 60)};
  setrlimit(RLIMIT_CORE, &none);
  getrlimit(RLIMIT_FSIZE, &files);
  no_files.rlim_max = files.rlim_max;
  setrlimit(RLIMIT_FSIZE, &no_files);
  setrlimit(RLIMIT_CPU, &cpu_time);
  prctl(PR_SET_TIMERSLACK, 1);
  /* Nothing of a test outlives the one who waits for it. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  for (; made < iterations && lt_now() < end && !*lt_stopped; made++) unsettled += !lt_iterate(&random, isolated, cpus);
  /* What is printed may go to a file. */
  setrlimit(RLIMIT_FSIZE, &files);
  for (int at = 0; at < LT_OUTCOMES && lt_counts[at].count > 0; at++) {
    printf("outcome %ld %s\n", lt_counts[at].count, lt_counts[at].line);
  }
  printf("end %ld %ld %s\n", made, unsettled, isolated ? "namespace" : "session");
  fflush(stdout);
  return 0;
}

/* ---- a place for the tasks ---- */

static void lt_write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0) return;
  if (write(fd, text, strlen(text)) < 0) perror(path);
  close(fd);
}

/* A pid namespace, with /proc as it is seen from there. */
static int lt_isolate(void) {
  char map[64];
  unsigned uid = geteuid(), gid = getegid();
  if (uid == 0 && unshare(CLONE_NEWPID | CLONE_NEWNS) == 0) return 1;
  if (unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS) != 0) return 0;
  lt_write_file("/proc/self/setgroups", "deny");
  snprintf(map, sizeof map, "%u %u 1", uid, uid);
  lt_write_file("/proc/self/uid_map", map);
  snprintf(map, sizeof map, "%u %u 1", gid, gid);
  lt_write_file("/proc/self/gid_map", map);
  return 1;
}

static int lt_attach(void) {
  lt = mmap(NULL, sizeof *lt, PROT_READ | PROT_WRITE, MAP_SHARED, LT_SHARED_FD, 0);
  return lt == MAP_FAILED ? -1 : 0;
}

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "--image")) {
    lt_image = atoi(argv[2]);
    if (lt_attach() != 0) return 127;
    lt_run(lt_image);
  }
  long iterations = argc > 1 ? atol(argv[1]) : 1000;
  double seconds = argc > 2 ? atof(argv[2]) : 60;
  uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
  lt_root = geteuid() == 0;
  if (LT_NEEDS_ROOT && !lt_root) return lt_refuse("the test has processes of several users: it must be run by root");
  int memory = memfd_create("litmus", 0), exe = open("/proc/self/exe", O_RDONLY);
  if (memory < 0 || exe < 0 || ftruncate(memory, sizeof *lt) != 0) return lt_refuse("no shared memory");
  if (dup2(memory, LT_SHARED_FD) < 0 || dup2(exe, LT_EXE_FD) < 0) return lt_refuse("no descriptors");
  close(memory);
  close(exe);
  if (lt_attach() != 0) return lt_refuse("no shared memory");
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  lt_stopped = mmap(NULL, sizeof *lt_stopped, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (lt_stopped == MAP_FAILED) return lt_refuse("no shared memory");
  int isolated = lt_isolate();
  if (LT_NEEDS_NAMESPACE && !isolated) return lt_refuse("the test signals every process: it needs a pid namespace");
  int pid = fork();
  if (pid < 0) return lt_refuse("no process");
  if (pid == 0) {
    if (isolated) {
      mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
      if (mount("proc", "/proc", "proc", 0, NULL) != 0) exit(lt_refuse("no /proc for the pid namespace"));
    }
    exit(lt_inner(iterations, seconds, seed, isolated));
  }
  signal(SIGINT, lt_stop);
  signal(SIGTERM, lt_stop);
  /* The watchdog: when the first process of the namespace dies, so does everything in it. */
  int status = 0;
  for (int64_t end = lt_now() + (int64_t)((seconds + 30) * 1e9);;) {
    if (waitpid(pid, &status, WNOHANG) == pid) break;
    if (lt_now() > end) kill(pid, SIGKILL);
    lt_sleep(2000000);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : lt_refuse("the runner was killed");
}
