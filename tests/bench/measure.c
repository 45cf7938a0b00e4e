/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * measure COMMAND...: runs it and writes "SECONDS KIB STATUS CPU" to
 * file descriptor 3: the time by the wall clock, the peak of resident memory
 * (of the largest process), the exit status, and the seconds of processor time
 * of all processes. Its own status is the command's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	double start;
	int status;
	pid_t pid;

	if (argc < 2)
		return 2;
	start = now();
	pid = fork();
	if (pid < 0)
		return 125;
	if (pid == 0) {
		close(3);
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || getrusage(RUSAGE_CHILDREN, &usage) < 0)
		return 125;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (dprintf(3, "%.3f %ld %d %.3f\n", now() - start, usage.ru_maxrss, status,
		    seconds(usage.ru_utime) + seconds(usage.ru_stime)) < 0)
		return 125;
	return status;
}
