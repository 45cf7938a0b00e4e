/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/crash.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};

/* Signal plumbing: a handler gets no argument of ours. */
static struct {
	volatile sig_atomic_t armed;
	int fd, old[3];
	struct termios mode;
	char reset[256];
	size_t len;
} crash;

static void on_fatal(int sig)
{
	int fd;

	if (crash.armed) {
		crash.armed = 0;
		if (write(crash.fd, crash.reset, crash.len) < 0)
			crash.len = 0; /* nothing to be done about it here */
		tcsetattr(crash.fd, TCSANOW, &crash.mode);
		for (fd = 0; fd < 3; fd++)
			if (crash.old[fd] >= 0)
				dup2(crash.old[fd], fd);
	}
	raise(sig); /* SA_RESETHAND: takes its course when this returns */
}

void crash_arm(int fd, const struct termios *mode, const char *reset, const int old[3])
{
	struct sigaction act = {.sa_handler = on_fatal, .sa_flags = (int)SA_RESETHAND}, was;
	size_t i;

	crash.fd = fd;
	crash.mode = *mode;
	memcpy(crash.old, old, sizeof(crash.old));
	crash.len = strnlen(reset, sizeof(crash.reset) - 1);
	memcpy(crash.reset, reset, crash.len);
	crash.armed = 1;
	for (i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (sigaction(fatal[i], NULL, &was) == 0 && was.sa_handler == SIG_DFL)
			sigaction(fatal[i], &act, NULL);
}

void crash_disarm(void)
{
	crash.armed = 0;
}
