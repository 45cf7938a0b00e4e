/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pty IDLE-SECONDS COMMAND...: the full-screen program on a pseudo terminal, measured
 *
 * Prints, a line each: the time from its start to the first frame and to the
 * first whole dashboard; the share of a core while nothing happens; how long a
 * key takes on the dashboard and while a merge runs. The key is Ctrl-L: its
 * answer, a screen drawn anew, begins with a sequence that nothing else sends.
 * COMMAND must open a stick that can be merged; it is merged.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLEAR   "\033[H\033[J" /* what TERM=linux is cleared with */
#define SAMPLES 2000

struct screen {
	int fd;
	pid_t pid;
	char seen[1 << 16]; /* since the last key, as text */
	size_t len;
};

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void fail(const char *what)
{
	fprintf(stderr, "pty: %s: %s\n", what, errno ? strerror(errno) : "no");
	exit(1);
}

/* Takes what comes within ms; false when nothing does. */
static bool take(struct screen *s, int ms)
{
	struct pollfd fd = {.fd = s->fd, .events = POLLIN};
	ssize_t n;

	if (poll(&fd, 1, ms) <= 0)
		return false;
	if (s->len > sizeof(s->seen) / 2)
		s->len = 0;
	n = read(s->fd, s->seen + s->len, sizeof(s->seen) - 1 - s->len);
	if (n <= 0)
		fail("the program has ended");
	s->len += (size_t)n;
	s->seen[s->len] = '\0';
	return true;
}

static void press(struct screen *s, const char *keys)
{
	s->len = 0;
	s->seen[0] = '\0';
	if (write(s->fd, keys, strlen(keys)) < 0)
		fail("write");
}

static bool await(struct screen *s, const char *text, double limit_ms)
{
	double until = now_ms() + limit_ms, left;

	while (!strstr(s->seen, text)) {
		left = until - now_ms();
		if (left <= 0)
			return false;
		take(s, (int)left + 1);
	}
	return true;
}

/* Draws the screen anew until it shows the text. */
static void look_for(struct screen *s, const char *text, double limit_ms)
{
	double until = now_ms() + limit_ms;

	do {
		if (now_ms() > until) {
			fprintf(stderr, "pty: not shown: %s\n%s\n", text, s->seen);
			exit(1);
		}
		press(s, "\f");
		while (take(s, 60))
			;
	} while (!strstr(s->seen, text));
}

static double key_ms(struct screen *s)
{
	double from = now_ms();

	press(s, "\f");
	if (!await(s, CLEAR, 10000))
		fail("a key without an answer");
	return now_ms() - from;
}

static int by_size(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return d < 0 ? -1 : d > 0;
}

static void print_keys(const char *when, double *ms, size_t n)
{
	if (n == 0)
		return;
	qsort(ms, n, sizeof(*ms), by_size);
	printf("%-28s median %.1f ms, 99 %% %.1f ms, worst %.1f ms  (%zu keys)\n", when, ms[n / 2],
	       ms[n * 99 / 100], ms[n - 1], n);
}

/* utime and stime, in clock ticks. */
static unsigned long ticks(pid_t pid)
{
	unsigned long user = 0, kernel = 0;
	char path[64], line[1024] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f || !fgets(line, sizeof(line), f) ||
	    sscanf(strrchr(line, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		   &user, &kernel) != 2)
		fail("/proc");
	fclose(f);
	return user + kernel;
}

static void measure_idle(struct screen *s, int seconds)
{
	double until = now_ms() + seconds * 1e3;
	unsigned long before = ticks(s->pid);

	while (now_ms() < until)
		take(s, (int)(until - now_ms()) + 1);
	printf("%-28s %.2f %% of a core  (%d s)\n", "idle",
	       (double)(ticks(s->pid) - before) * 100.0 / (double)sysconf(_SC_CLK_TCK) / seconds,
	       seconds);
}

static void nap(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static void measure_keys(struct screen *s)
{
	static double ms[SAMPLES];
	size_t n;

	for (n = 0; n < 100; n++) {
		ms[n] = key_ms(s);
		nap((long)(n % 7) * 3);
	}
	print_keys("a key on the dashboard", ms, n);
}

static void measure_merge(struct screen *s)
{
	static const char *const pages[] = {"[2 What", "[3 ", "[4 ", "[5 ", "[6 "};
	static double ms[SAMPLES];
	size_t n = 0, i;

	press(s, "m");
	look_for(s, "[1 How]", 20000);
	look_for(s, "yes", 60000);
	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (i > 0) { /* pages are read to their end; on the first, the best is chosen */
			press(s, "G");
			take(s, 100);
		}
		press(s, "\r");
		look_for(s, pages[i], 10000);
	}
	press(s, strstr(s->seen, "merge  and press") || strstr(s->seen, "type the word") ? "merge\r"
											 : "y");
	do {
		ms[n++] = key_ms(s);
		take(s, 15 + (int)(n % 5) * 2);
	} while (n < SAMPLES && !strstr(s->seen, "DONE"));
	print_keys("a key while a merge runs", ms, n);
	look_for(s, "DONE", 600000);
}

int main(int argc, char **argv)
{
	static struct screen s;
	struct winsize size = {.ws_row = 25, .ws_col = 80};
	struct sched_param none = {0};
	double start;
	int status;

	if (argc < 3)
		return 2;
	/* What others do on the machine is not to be measured, where that can be helped. */
	if (sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &none) == 0)
		setpriority(PRIO_PROCESS, 0, -15);
	setenv("TERM", "linux", 1);
	start = now_ms();
	s.pid = forkpty(&s.fd, NULL, NULL, &size);
	if (s.pid < 0)
		fail("forkpty");
	if (s.pid == 0) {
		execv(argv[2], argv + 2);
		_exit(127);
	}
	if (!await(&s, "What you can do", 20000))
		fail("no first frame");
	printf("%-28s %.0f ms\n", "first frame", now_ms() - start);
	if (!await(&s, "First wall", 60000))
		fail("no dashboard");
	printf("%-28s %.0f ms\n", "the dashboard with figures", now_ms() - start);
	while (take(&s, 500))
		;
	measure_idle(&s, atoi(argv[1]));
	measure_keys(&s);
	measure_merge(&s);
	press(&s, "\r");
	look_for(&s, "What you can do", 30000);
	press(&s, "q");
	while (waitpid(s.pid, &status, WNOHANG) == 0) {
		char rest[4096];

		if (read(s.fd, rest, sizeof(rest)) < 0)
			break; /* the program has closed its end */
	}
	return 0;
}
