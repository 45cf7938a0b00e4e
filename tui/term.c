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

/* Slower lines take their time for the rest of a key's sequence. */
#define SLOW_BAUD 9600

/* What the exit handler has to put right; there is one terminal. */
static struct {
	bool up;
	bool stays; /* what is on the screen stays there after the end: no second screen */
	int old[3]; /* the standard descriptors as they were, -1 while they are themselves */
	FILE *out, *in;
} held = {.old = {-1, -1, -1}};

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

static bool has_capability(const char *name)
{
	char id[16];
	const char *s;

	snprintf(id, sizeof(id), "%s", name);
	s = tigetstr(id);
	return s && s != (const char *)-1;
}

static void arm(int fd, const struct termios *mode)
{
	char reset[256] = "";

	append_capability(reset, sizeof(reset), "sgr0");
	append_capability(reset, sizeof(reset), "cnorm");
	append_capability(reset, sizeof(reset), "rmkx");
	if (held.stays) {
		append_capability(reset, sizeof(reset), "cr");
		append_capability(reset, sizeof(reset), "el");
	}
	append_capability(reset, sizeof(reset), "rmcup");
	crash_arm(fd, mode, reset, held.old);
}

/*
 * While the screen is up its own descriptors lead to the terminal. What
 * libraries and children print goes into a pipe, and from there into the log;
 * what they read is nothing: the keys are not theirs. Returns the pipe's read
 * end, -1 when there is none.
 */
static int capture(void)
{
	int ends[2], null = open("/dev/null", O_RDONLY | O_CLOEXEC), fd;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		ends[0] = ends[1] = -1;
	fflush(stdout);
	for (fd = 0; fd < 3; fd++) {
		int to = fd == STDIN_FILENO ? null : ends[1];

		if (to < 0)
			continue;
		held.old[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (held.old[fd] >= 0)
			dup2(to, fd);
	}
	if (null >= 0)
		close(null);
	if (ends[1] >= 0)
		close(ends[1]);
	return ends[0];
}

static void give_back_descriptors(void)
{
	int fd;

	fflush(stdout);
	for (fd = 0; fd < 3; fd++)
		if (held.old[fd] >= 0) {
			dup2(held.old[fd], fd);
			close(held.old[fd]);
			held.old[fd] = -1;
		}
}

static void release_screen(void)
{
	if (isendwin())
		return;
	/* The shell's next line begins where the key bar was. */
	if (held.stays && move(LINES - 1, 0) == OK && clrtoeol() == OK)
		refresh();
	endwin();
}

static void release(void)
{
	if (held.up) {
		held.up = false;
		release_screen();
		crash_disarm();
	}
	give_back_descriptors();
}

/* Asked first: newterm() leaks where it fails. */
static bool is_known(const char *name)
{
	int err;

	if (setupterm(name, fileno(held.out), &err) != OK)
		return false;
	del_curterm(cur_term);
	return true;
}

static SCREEN *new_screen(bool *modest)
{
	static const char *const known[] = {"vt220", "vt100", "ansi"};
	const char *own = getenv("TERM");
	SCREEN *screen = NULL;
	size_t i;

	if (own && *own && is_known(own))
		screen = newterm(own, held.out, held.in);
	*modest = !screen;
	for (i = 0; !screen && i < sizeof(known) / sizeof(known[0]); i++)
		if (is_known(known[i]))
			screen = newterm(known[i], held.out, held.in);
	return screen;
}

/* A stream of our own on a standard descriptor, so that the descriptor can be lent. */
static FILE *own_stream(int fd, const char *mode)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	FILE *f = copy >= 0 ? fdopen(copy, mode) : NULL;

	if (!f && copy >= 0)
		close(copy);
	return f;
}

static void close_streams(void)
{
	if (held.out)
		fclose(held.out);
	if (held.in)
		fclose(held.in);
	held.out = held.in = NULL;
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
	held.out = headless ? fopen("/dev/null", "we") : own_stream(STDOUT_FILENO, "w");
	held.in = headless ? fopen("/dev/null", "re") : own_stream(STDIN_FILENO, "r");
	if (held.out && held.in)
		term->screen = new_screen(&term->modest);
	if (!term->screen || !has_capability("cup")) {
		/* A terminal that cannot place its cursor is one for lines. */
		if (term->screen) {
			endwin();
			delscreen(term->screen);
			term->screen = NULL;
		}
		close_streams();
		return -ENOTTY;
	}
	held.up = true;
	held.stays = !has_capability("rmcup");
	if (!registered)
		registered = atexit(release) == 0;
	raw(); /* Ctrl-C is a key here: as a signal it would hit e2fsck and mksquashfs too */
	noecho();
	nonl();
	if (!wait || !*wait)
		set_escdelay(baudrate() > 0 && baudrate() <= SLOW_BAUD ? 100 : 40);
	leaveok(stdscr, FALSE);
	scrollok(stdscr, FALSE);
	getmaxyx(stdscr, term->rows, term->cols);
	if (!headless) {
		term->in = fileno(held.in);
		term_resize(term);
		term->stderr_pipe = capture();
		arm(fileno(held.out), &mode);
	}
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
	close_streams();
	*term = (struct terminal){.in = -1, .stderr_pipe = -1};
}

void term_force_size(struct terminal *term, int rows, int cols)
{
	resizeterm(rows, cols);
	getmaxyx(stdscr, term->rows, term->cols);
}

static int env_size(const char *name, int otherwise)
{
	const char *text = getenv(name);
	long n = text ? strtol(text, NULL, 10) : 0;

	return n > 0 && n <= 1000 ? (int)n : otherwise;
}

bool term_resize(struct terminal *term)
{
	struct winsize size = {0};
	int rows = term->rows, cols = term->cols;

	if (term->in < 0)
		return false;
	if (ioctl(term->in, TIOCGWINSZ, &size) < 0)
		size.ws_row = size.ws_col = 0;
	/* The kernel knows; serial lines have no size, there the environment may. */
	term_force_size(term, size.ws_row ? size.ws_row : env_size("LINES", 24),
			size.ws_col ? size.ws_col : env_size("COLUMNS", 80));
	return rows != term->rows || cols != term->cols;
}

void term_suspend(struct terminal *term)
{
	struct sigaction usual = {.sa_handler = SIG_DFL}, old;
	sigset_t stop;

	release_screen();
	/*
	 * As the terminal's driver would: the whole group, so that a script that
	 * waits for us stops too. SIGTSTP rather than SIGSTOP: the kernel
	 * ignores it where no shell is there to continue us. Curses has put a
	 * handler of its own on it.
	 */
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	sigaction(SIGTSTP, &usual, &old);
	kill(0, SIGTSTP);
	pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	sigaction(SIGTSTP, &old, NULL);
	term_continued(term);
}

void term_continued(struct terminal *term)
{
	if (term->in < 0)
		return;
	/* Whoever stopped us from outside may have had the terminal meanwhile. */
	reset_prog_mode();
	term_resize(term);
	clearok(curscr, TRUE);
}

void term_begin(struct terminal *term)
{
	(void)term;
	erase();
}

void term_mend(struct terminal *term)
{
	if (term->in >= 0)
		redrawwin(stdscr);
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
