/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run.c - the beginning and the end of the full-screen program */
#include "tui/tui.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/i18n.h"
#include "tui/ui.h"

/* Before curses and before any thread: both inherit it, and curses' own handlers stay out. */
static void block_signals(sigset_t *old)
{
	static const int ours[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT};
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigaddset(&set, ours[i]);
	pthread_sigmask(SIG_BLOCK, &set, old);
}

static void free_data(struct data *d)
{
	free(d->path);
	service_free_answer(WANT_STATUS, d->status);
	service_free_answer(WANT_LAYOUT, d->layout);
	service_free_answer(WANT_USAGE, d->usage);
	service_free_answer(WANT_DOCTOR, d->report);
	service_free_answer(WANT_JOURNAL, d->journal);
	service_free_answer(WANT_STICKS, d->found);
	service_free_answer(WANT_PLAN, d->plan);
}

static void close_views(struct ui *ui)
{
	struct view *v;

	for (v = ui->top; v; v = v->below)
		v->closed = true;
	ui_reap(ui);
}

int tui_run(struct lm_ctx *ctx, const char *stick_path, const struct tui_opts *opts)
{
	struct ui ui = {.ctx = ctx, .opts = opts, .dirty = true};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old_pipe;
	sigset_t old;
	int rc;

	block_signals(&old);
	sigaction(SIGPIPE, &ignore, &old_pipe);
	rc = term_open(&ui.term, opts->headless);
	if (rc < 0)
		goto out_signals;
	rc = input_open(&ui.input);
	if (rc < 0)
		goto out_term;
	theme_init(&ui.theme, opts->no_color);
	ui.glyphs = glyph_set(opts->ascii || ui.term.modest);
	ui.log = logbuf_new();
	rc = ui.log ? 0 : -ENOMEM;
	if (rc < 0)
		goto out_input;
	lm_ctx_set_log(ctx, logbuf_add, ui.log);
	if (opts->script)
		rc = script_open(&ui.script, opts->script, opts->dump);
	if (rc < 0)
		goto out_log;
	/* The frame stands before the first byte of the stick is read. */
	dash_open(&ui);
	if (!ui.top) {
		rc = -ENOMEM;
		goto out_script;
	}
	ui_draw(&ui);
	rc = service_start(&ui.service, ctx, stick_path);
	if (rc < 0)
		goto out_views;
	if (opts->lesson)
		lessons_open(&ui);
	rc = loop_run(&ui);
	close_views(&ui);
	if (!service_stop(ui.service)) {
		/* A stick that does not answer holds its thread; nothing is being written. */
		term_close(&ui.term);
		fprintf(stderr, "livemend: %s\n", _("The stick does not answer; left without waiting."));
		_exit(ui.end_signal ? 128 + ui.end_signal : LM_UNCHANGED);
	}
	if (rc == 0)
		rc = ui.exit_status == 0 && ui.end_signal && !ui.script ? 128 + ui.end_signal
									: ui.exit_status;
out_views:
	close_views(&ui);
	free_data(&ui.data);
out_script:
	script_close(ui.script);
out_log:
	lm_ctx_set_log(ctx, NULL, NULL);
	logbuf_free(ui.log);
out_input:
	input_close(&ui.input);
out_term:
	term_close(&ui.term);
out_signals:
	sigaction(SIGPIPE, &old_pipe, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}
