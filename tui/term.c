/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/term.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "tui/crash.h"
#include "tui/lmcurses.h"

/* What the exit handler has to put right; there is one terminal and one stderr. */
static struct {
	bool up;
	int old_stderr;
	FILE *out, *in;
} held = {.old_stderr = -1};

/* Copies a terminfo string without its padding ("$<5>"), which needs no care on the way out. */
static void append_capability(char *to, size_t cap, const char *name)
{
	char id[16];
	const char *s;
	size_t used = strlen(to);

	snprintf(id, sizeof(id), "%s", name);
	s = tigetstr(id);
	if (!s || s == (char *)-1)
		return;
	while (*s && used + 1 < cap) {
		if (s[0] == '$' && s[1] == '<') {
			const char *end = strchr(s, '>');

			if (end) {
				s = end + 1;
				continue;
			}
		}
		to[used++] = *s++;
	}
	to[used] = '\0';
}

static void arm(const struct termios *mode)
{
	char reset[256] = "";

	append_capability(reset, sizeof(reset), "sgr0");
	append_capability(reset, sizeof(reset), "cnorm");
	append_capability(reset, sizeof(reset), "rmkx");
	append_capability(reset, sizeof(reset), "rmcup");
	crash_arm(STDIN_FILENO, mode, reset, held.old_stderr);
}

/* Anything printed while the screen is up goes into a pipe, and from there into the log. */
static int capture_stderr(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	held.old_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (held.old_stderr < 0 || dup2(ends[1], STDERR_FILENO) < 0) {
		close(ends[0]);
		ends[0] = -1;
	}
	close(ends[1]);
	return ends[0];
}

static void release(void)
{
	if (held.up) {
		held.up = false;
		if (!isendwin())
			endwin();
		crash_disarm();
	}
	if (held.old_stderr >= 0) {
		dup2(held.old_stderr, STDERR_FILENO);
		close(held.old_stderr);
		held.old_stderr = -1;
	}
}

static bool can_move(void)
{
	char cup[] = "cup";
	const char *s = tigetstr(cup);

	return s && s != (const char *)-1;
}

static SCREEN *new_screen(void)
{
	static const char *const modest[] = {"vt220", "vt100", "ansi"};
	const char *own = getenv("TERM");
	SCREEN *screen = NULL;
	size_t i;

	if (own && *own)
		screen = newterm(own, held.out, held.in);
	for (i = 0; !screen && i < sizeof(modest) / sizeof(modest[0]); i++)
		screen = newterm(modest[i], held.out, held.in);
	return screen;
}

int term_open(struct terminal *term, bool headless)
{
	struct termios mode = {0};
	const char *wait = getenv("ESCDELAY");
	static bool registered;

	*term = (struct terminal){.in = -1, .stderr_pipe = -1};
	if (!headless && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
			  tcgetattr(STDIN_FILENO, &mode) < 0))
		return -ENOTTY;
	held.out = headless ? fopen("/dev/null", "we") : stdout;
	held.in = headless ? fopen("/dev/null", "re") : stdin;
	if (held.out && held.in)
		term->screen = new_screen();
	if (!term->screen || !can_move()) {
		/* A terminal that cannot place its cursor is one for lines. */
		if (term->screen) {
			endwin();
			delscreen(term->screen);
		}
		return -ENOTTY;
	}
	held.up = true;
	if (!registered)
		registered = atexit(release) == 0;
	raw(); /* Ctrl-C is a key here: as a signal it would hit e2fsck and mksquashfs too */
	noecho();
	nonl();
	if (!wait || !*wait)
		set_escdelay(100);
	leaveok(stdscr, FALSE);
	scrollok(stdscr, FALSE);
	if (!headless) {
		term->in = STDIN_FILENO;
		term->stderr_pipe = capture_stderr();
		arm(&mode);
	}
	getmaxyx(stdscr, term->rows, term->cols);
	return 0;
}

void term_close(struct terminal *term)
{
	char rest[512];
	ssize_t n;

	release();
	while (term->stderr_pipe >= 0 && (n = read(term->stderr_pipe, rest, sizeof(rest))) > 0)
		if (write(STDERR_FILENO, rest, (size_t)n) < 0)
			break;
	if (term->stderr_pipe >= 0)
		close(term->stderr_pipe);
	if (term->screen)
		delscreen(term->screen);
	if (term->in < 0) {
		if (held.out)
			fclose(held.out);
		if (held.in)
			fclose(held.in);
	}
	*term = (struct terminal){.in = -1, .stderr_pipe = -1};
}

void term_force_size(struct terminal *term, int rows, int cols)
{
	resizeterm(rows, cols);
	getmaxyx(stdscr, term->rows, term->cols);
}

bool term_resize(struct terminal *term)
{
	struct winsize size = {0};
	int rows = term->rows, cols = term->cols;

	if (term->in < 0 || ioctl(term->in, TIOCGWINSZ, &size) < 0)
		return false;
	/* Serial lines know no size. */
	term_force_size(term, size.ws_row ? size.ws_row : 24, size.ws_col ? size.ws_col : 80);
	return rows != term->rows || cols != term->cols;
}

void term_suspend(struct terminal *term)
{
	sigset_t stop;

	endwin();
	/*
	 * SIGTSTP rather than SIGSTOP: the kernel ignores it where no shell
	 * is there to continue us.
	 */
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	kill(getpid(), SIGTSTP);
	pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	term_resize(term);
	clearok(curscr, TRUE);
}

void term_begin(struct terminal *term)
{
	(void)term;
	erase();
}

void term_flush(struct terminal *term, int cursor_y, int cursor_x, bool full)
{
	if (cursor_y >= 0 && cursor_y < term->rows && cursor_x >= 0 && cursor_x < term->cols)
		move(cursor_y, cursor_x);
	if (full)
		clearok(curscr, TRUE);
	wnoutrefresh(stdscr);
	doupdate();
}

bool term_alive(const struct terminal *term)
{
	struct termios mode;

	return term->in < 0 || tcgetattr(term->in, &mode) == 0;
}

void term_lost(struct terminal *term)
{
	held.up = false;
	crash_disarm();
	term->in = -1;
	term->lost = true;
}
