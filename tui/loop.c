/* SPDX-License-Identifier: GPL-3.0-or-later */
/* loop.c - the one place that waits */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core/i18n.h"
#include "core/text.h"
#include "tui/cmd.h"
#include "tui/console.h"
#include "tui/ui.h"

#define SAMPLE_S      2
#define FRAME_MS      100 /* at least, between two frames that a job asks for */
#define MEND_TICKS    5   /* samples between two repairs of a VT where nothing tells of damage */
#define UI_NICE       -10
#define LATER_TICKS   1   /* a message may still be on its way to the screen when it is read */

enum { FD_TTY, FD_SIGNAL, FD_SERVICE, FD_TIMER, FD_JOB, FD_STDERR, FD_CONSOLE, N_FDS };

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void drain(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return; /* another wake-up has emptied it */
}

static void suspend(struct ui *ui)
{
	const struct view *v;

	for (v = ui->top; v; v = v->below)
		if (v->ops->may_end && !v->ops->may_end(v)) {
			ui_say(ui, _("Not now: the stick is being written. Cancel first."));
			return;
		}
	if (ui->term.in >= 0)
		term_suspend(&ui->term);
	ui->dirty = ui->repaint = true;
}

static void on_signal(struct ui *ui, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGWINCH:
			term_resize(&ui->term);
			ui->dirty = ui->repaint = true;
			break;
		case SIGCONT:
			term_continued(&ui->term);
			ui->dirty = ui->repaint = true;
			break;
		case SIGTSTP:
			suspend(ui);
			break;
		case SIGHUP:
			/* Somebody may just say so: then the terminal must be given back. */
			if (!term_alive(&ui->term))
				term_lost(&ui->term);
			ui_end(ui, SIGHUP);
			break;
		default:
			ui_end(ui, (int)info.ssi_signo);
			break;
		}
	}
}

static bool takes_digits(const struct ui *ui)
{
	unsigned context = ui->top->ops->context(ui->top);

	return context & CTX_FIELD || cmd_for_key(context, '1') != CMD_NONE;
}

static void on_tty(struct ui *ui, short events)
{
	uint32_t key;
	int keys = 0;

	while (!ui->ending && (key = input_key(&ui->input)) != 0) {
		keys++;
		key = input_after_esc(&ui->input, key, now_ms(), takes_digits(ui));
		if (key == K_CTRL('z'))
			suspend(ui);
		else
			ui_key(ui, key);
		ui_reap(ui);
	}
	/* Readable without a key: an end of file, or the terminal is gone. */
	if ((events & (POLLHUP | POLLERR | POLLNVAL)) || (!keys && !term_alive(&ui->term))) {
		term_lost(&ui->term);
		ui_end(ui, SIGHUP);
	}
}

/* The kernel and others write to consoles too: puts right what they have written over. */
static void mend(struct ui *ui, int *ticks_left)
{
	term_mend(&ui->term);
	ui->dirty = true;
	if (ticks_left)
		*ticks_left = LATER_TICKS;
}

static void on_tick(struct ui *ui, bool console, bool vt, int *ticks_left)
{
	ui_notice(ui, NOTE_TICK, 0);
	if (*ticks_left > 0 && --*ticks_left == 0) {
		mend(ui, NULL);
		if (vt && !console)
			*ticks_left = MEND_TICKS;
	}
}

static void on_stderr(struct ui *ui)
{
	char raw[1024], *line, *save = NULL;
	ssize_t n;

	while ((n = read(ui->term.stderr_pipe, raw, sizeof(raw) - 1)) > 0) {
		raw[n] = '\0';
		for (line = strtok_r(raw, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			char clean[1024];

			text_printable(clean, sizeof(clean), line);
			logbuf_add(ui->log, LM_LOG_WARN, clean);
		}
	}
}

static int job_fd(const struct ui *ui)
{
	const struct view *v;
	int fd = -1;

	for (v = ui->top; v && fd < 0; v = v->below)
		if (v->ops->fd)
			fd = v->ops->fd(v);
	return fd;
}

static int signals(void)
{
	sigset_t set;
	static const int wanted[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT};
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		sigaddset(&set, wanted[i]);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/*
 * A key is answered while the work takes all processors. The threads that do the
 * work are not to have the same: the reset flag leaves them at the usual niceness.
 * Only for who may; for others the kernel's fairness must do.
 */
static void favour_keys(bool on)
{
	struct sched_param none = {0};

	if (!on || sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &none) == 0)
		setpriority(PRIO_PROCESS, (id_t)gettid(), on ? UI_NICE : 0);
}

int loop_run(struct ui *ui)
{
	struct itimerspec every = {{SAMPLE_S, 0}, {SAMPLE_S, 0}};
	struct pollfd fds[N_FDS] = {0};
	int64_t drawn = 0;
	int rc = 0, console = -1, mend_in = 0, nice;
	bool vt = false;

	fds[FD_SIGNAL] = (struct pollfd){.fd = signals(), .events = POLLIN};
	fds[FD_TIMER] = (struct pollfd){
		.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), .events = POLLIN};
	fds[FD_SERVICE] = (struct pollfd){.fd = service_fd(ui->service), .events = POLLIN};
	if (fds[FD_SIGNAL].fd < 0 || fds[FD_TIMER].fd < 0 ||
	    timerfd_settime(fds[FD_TIMER].fd, 0, &every, NULL) < 0)
		rc = -errno;
	if (ui->term.in >= 0) {
		console = console_open(ui->term.in);
		vt = console_is_vt(ui->term.in);
		mend_in = vt && console < 0 ? MEND_TICKS : 0;
	}
	nice = getpriority(PRIO_PROCESS, (id_t)gettid());
	favour_keys(nice == 0);
	while (rc == 0) {
		int timeout = -1, job = job_fd(ui);
		int64_t left = job >= 0 ? drawn + FRAME_MS - now_ms() : 0;

		if (ui->ending && job < 0)
			break;
		if (ui->dirty) {
			ui_draw(ui);
			drawn = now_ms();
			left = job >= 0 ? FRAME_MS : 0;
		}
		if (ui->script && (timeout = script_step(ui->script, ui)) == 0) {
			ui_reap(ui);
			ui->dirty = true;
			ui_collect(ui);
			continue;
		}
		/* A job that has much to say is listened to ten times a second. */
		fds[FD_JOB] = (struct pollfd){.fd = left > 0 ? -1 : job, .events = POLLIN};
		if (left > 0 && (timeout < 0 || timeout > left))
			timeout = (int)left;
		fds[FD_TTY] = (struct pollfd){.fd = ui->term.in, .events = POLLIN};
		fds[FD_STDERR] = (struct pollfd){.fd = ui->term.stderr_pipe, .events = POLLIN};
		fds[FD_CONSOLE] = (struct pollfd){.fd = console, .events = POLLIN};
		if (poll(fds, N_FDS, timeout) < 0) {
			rc = errno == EINTR ? 0 : -errno;
			continue;
		}
		if (fds[FD_STDERR].revents)
			on_stderr(ui);
		if (fds[FD_SIGNAL].revents)
			on_signal(ui, fds[FD_SIGNAL].fd);
		if (fds[FD_TTY].revents)
			on_tty(ui, fds[FD_TTY].revents);
		if (fds[FD_SERVICE].revents) {
			drain(fds[FD_SERVICE].fd);
			ui_collect(ui);
		}
		if (fds[FD_TIMER].revents) {
			drain(fds[FD_TIMER].fd);
			on_tick(ui, console >= 0, vt, &mend_in);
		}
		if (fds[FD_CONSOLE].revents && console_disturbed(console))
			mend(ui, &mend_in);
		if (fds[FD_JOB].revents) {
			drain(fds[FD_JOB].fd);
			ui_notice(ui, NOTE_JOB, 0);
		}
		ui_reap(ui);
	}
	if (nice == 0)
		favour_keys(false);
	if (console >= 0)
		close(console);
	if (fds[FD_SIGNAL].fd >= 0)
		close(fds[FD_SIGNAL].fd);
	if (fds[FD_TIMER].fd >= 0)
		close(fds[FD_TIMER].fd);
	return rc;
}
