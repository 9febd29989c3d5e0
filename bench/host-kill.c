/*
 * kill(2) of a signal that is blocked and pending already, on the kernel that this runs on.
 *
 * Usage: host-kill KILLS SENDERS
 *
 * Each sender is a process with a target of its own. Prints the nanoseconds from the moment all may begin until the
 * last one is done.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* A child that blocks SIGTERM, says so through a pipe, and sleeps until it is killed. */
static pid_t make_target(void)
{
	int ready[2];
	char byte = 0;
	if (pipe(ready) != 0)
		fail("pipe");
	pid_t pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		sigset_t set;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigemptyset(&set);
		sigaddset(&set, SIGTERM);
		sigprocmask(SIG_BLOCK, &set, NULL);
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(ready[0], &byte, 1) != 1)
		fail("read");
	close(ready[0]);
	close(ready[1]);
	return pid;
}

/* Sends until done, from the moment that `go` is closed at its other end. */
static int send_all(long kills, int ready, int go)
{
	char byte = 0;
	int wrong = 0;
	pid_t target = make_target();
	if (kill(target, SIGTERM) != 0)
		fail("kill");
	if (write(ready, &byte, 1) != 1)
		fail("write");
	if (read(go, &byte, 1) != 0)
		fail("read");
	for (long sent = 0; sent < kills; sent++)
		wrong |= kill(target, SIGTERM);
	kill(target, SIGKILL);
	return wrong != 0;
}

static long long now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: host-kill KILLS SENDERS\n");
		return 2;
	}
	long kills = atol(argv[1]);
	int senders = atoi(argv[2]);
	int ready[2], go[2], wrong = 0;
	char byte;
	if (pipe(ready) != 0 || pipe(go) != 0)
		fail("pipe");
	for (int number = 0; number < senders; number++) {
		pid_t pid = fork();
		if (pid < 0)
			fail("fork");
		if (pid == 0) {
			close(go[1]);
			_exit(send_all(kills, ready[1], go[0]));
		}
	}
	for (int number = 0; number < senders; number++)
		if (read(ready[0], &byte, 1) != 1)
			fail("read");
	long long started = now();
	close(go[1]);
	for (int number = 0; number < senders; number++) {
		int status;
		wait(&status);
		wrong |= status;
	}
	long long spent = now() - started;
	if (wrong != 0) {
		fprintf(stderr, "a kill failed\n");
		return 1;
	}
	printf("%lld\n", spent);
	return 0;
}
