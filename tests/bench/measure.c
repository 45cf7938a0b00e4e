/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * measure COMMAND...: runs it and writes "SECONDS KIB STATUS" to
 * file descriptor 3: the time by the wall clock, the peak of resident memory
 * (of the largest process), the exit status. Its own status is the command's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
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
	if (dprintf(3, "%.3f %ld %d\n", now() - start, usage.ru_maxrss, status) < 0)
		return 125;
	return status;
}
