/* SPDX-License-Identifier: GPL-3.0-or-later */
/* op.c - the commands that change something: plan, ask, run, say what is now true */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/show.h"
#include "core/i18n.h"
#include "core/text.h"

/* A running job with everything that is waited for. */
struct op {
	struct cli *cli;
	struct lm_plan *plan;
	struct lm_job *job;
	struct progress progress;
	int signals;  /* signalfd */
	bool can_ask; /* there is somebody to ask */
	bool asked;   /* the pending question stands on the terminal */
	struct ask_line answer;
};

/* Signals that ask for an end, without those that the caller had ignored (nohup). */
static void ending_signals(sigset_t *set)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction now;
	size_t i;

	sigemptyset(set);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &now) || now.sa_handler != SIG_IGN)
			sigaddset(set, signals[i]);
}

static void take_signal(struct op *op)
{
	struct signalfd_siginfo info;

	while (read(op->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		lm_job_cancel(op->job);
		if (op->asked) {
			lm_job_answer(op->job, false);
			op->asked = false;
		}
	}
}

/* Puts the question, or answers it at once where that was settled beforehand. */
static void put_question(struct op *op, const struct lm_progress *now)
{
	struct out *out = &op->cli->out;

	if (op->asked)
		return;
	progress_break(&op->progress);
	if (!op->cli->args.json)
		out_wrap(out, 0, 0, now->question);
	if (op->cli->args.yes || !op->can_ask) {
		if (!op->cli->args.json)
			fprintf(out->f, "%s\n",
				op->cli->args.yes ? _("Yes (--yes).")
						  : _("No: there is nobody to ask."));
		lm_job_answer(op->job, op->cli->args.yes);
		return;
	}
	ask_prompt(out, _("Go on? [y/N] "));
	ask_line_init(&op->answer);
	op->asked = true;
}

static void take_answer(struct op *op)
{
	enum ask_state state = ask_line_read(&op->answer, STDIN_FILENO);

	if (state == ASK_MORE)
		return;
	lm_job_answer(op->job, state == ASK_LINE && ask_is_yes(op->answer.text));
	op->asked = false;
}

static void follow(struct op *op)
{
	struct pollfd fds[3];
	struct lm_progress now;
	uint64_t ticks;
	int wait = -1;

	for (;;) {
		lm_job_progress(op->job, &now);
		if (now.state == LM_JOB_ENDED)
			return;
		wait = progress_show(&op->progress, &now);
		if (now.state == LM_JOB_ASKING)
			put_question(op, &now);
		fds[0] = (struct pollfd){.fd = lm_job_fd(op->job), .events = POLLIN};
		fds[1] = (struct pollfd){.fd = op->signals, .events = POLLIN};
		fds[2] = (struct pollfd){.fd = op->asked ? STDIN_FILENO : -1, .events = POLLIN};
		if (poll(fds, 3, wait) < 0 && errno != EINTR)
			return; /* the end is waited for by lm_job_finish() all the same */
		/* Reading resets the eventfd; what it counted is of no interest. */
		if (fds[0].revents && read(fds[0].fd, &ticks, sizeof(ticks)) < 0 &&
		    errno != EAGAIN && errno != EINTR)
			return;
		if (fds[1].revents)
			take_signal(op);
		if (op->asked && fds[2].revents)
			take_answer(op);
	}
}

static void tell_result(struct op *op, const struct lm_result *result)
{
	struct cli *cli = op->cli;
	char took[32];

	progress_end(&op->progress, result->outcome == LM_DONE);
	if (cli->args.json) {
		cli_json_print(cli->out.f, cli_json_result(op->plan, result), true);
		return;
	}
	if (result->outcome != LM_DONE) {
		struct lm_error err = result->error;

		err.outcome = result->outcome;
		cli_error(cli, &err);
	}
	out_wrap(&cli->out, 0, 0, result->now);
	/* Where the next thing is what the error advised, it has just been said. */
	if (result->outcome == LM_DONE || strcmp(result->next, result->error.help) != 0)
		out_wrap(&cli->out, 0, 0, result->next);
	if (result->outcome == LM_DONE && result->seconds >= 1)
		fprintf(cli->out.f, _("It took %s.\n"),
			text_duration(took, (uint64_t)(result->seconds + 0.5)));
}

int cli_run_plan(struct cli *cli, struct lm_plan *plan)
{
	struct op op = {.cli = cli, .plan = plan, .signals = -1, .can_ask = ask_possible(cli)};
	struct lm_error err = {0};
	struct lm_result result;
	sigset_t ending, before;
	int status;

	ending_signals(&ending);
	/* Before the thread is made, so that none of them can fall into it. */
	if (pthread_sigmask(SIG_BLOCK, &ending, &before))
		return cli_no_memory(cli);
	op.signals = signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
	if (op.signals < 0) {
		err.code = -errno;
		err.outcome = LM_UNCHANGED;
		snprintf(err.what, sizeof(err.what), "%s", _("Starting failed"));
		snprintf(err.why, sizeof(err.why), "%s", strerror(errno));
		status = cli_error(cli, &err);
		goto out;
	}
	fflush(cli->out.f);
	progress_init(&op.progress, &cli->out, plan, cli->args.json);
	if (lm_job_start(plan, &op.job, &err)) {
		status = cli_error(cli, &err);
		goto out;
	}
	cli->job_ran = true;
	follow(&op);
	lm_job_finish(op.job, &result);
	tell_result(&op, &result);
	status = (int)result.outcome;
out:
	if (op.signals >= 0)
		close(op.signals);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return status;
}

/* What only makes new files, which can be deleted again, or writes nothing, is not asked about. */
static bool is_harmless(const struct lm_plan *plan)
{
	size_t i;

	if (plan->destroys || plan->confirm)
		return false;
	if (lm_op_info(plan->op)->traits & LM_OP_NEW_FILES)
		return true;
	for (i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].writes)
			return false;
	return true;
}

/* 0: go on; else the exit status, and why has been said. */
static int agree(struct cli *cli, const struct lm_plan *plan)
{
	struct lm_error err = {0};

	if (cli->args.yes || is_harmless(plan))
		return 0;
	if (!ask_possible(cli)) {
		err.code = -EPERM;
		err.outcome = LM_REFUSED;
		snprintf(err.what, sizeof(err.what), "%s", _("Nobody has agreed to the plan"));
		snprintf(err.why, sizeof(err.why), "%s",
			 cli->args.json ? _("with --json nothing is asked")
					: _("there is no terminal to ask on"));
		snprintf(err.help, sizeof(err.help), "%s",
			 _("Look at the plan with --dry-run, then add --yes. "
			   "Nothing was changed."));
		return cli_error(cli, &err);
	}
	if (ask_agreement(&cli->out, plan->confirm))
		return 0;
	fprintf(cli->out.f, "%s\n", _("Nothing was changed."));
	return LM_CANCELLED;
}

static int refused(struct cli *cli, const struct lm_plan *plan)
{
	int status = plan->refusal.outcome == LM_DONE ? LM_REFUSED : (int)plan->refusal.outcome;

	if (cli->args.json)
		return cli_json_print(cli->out.f, cli_json_plan(plan), false) ? cli_no_memory(cli)
									      : status;
	if (show_plan(&cli->out, plan, !cli->args.dry_run))
		return cli_no_memory(cli);
	fflush(cli->out.f);
	cli_error(cli, &plan->refusal);
	return status;
}

/*
 * Which stick it is that nobody named: said where it is asked about, so that an
 * answer is one to that, too.
 */
static void name_booted(struct cli *cli, const struct lm_stick *stick)
{
	struct lm_found *list = NULL;
	size_t count = 0;
	char *text;

	/* What it is called is a courtesy; where it is is known in any case. */
	if (lm_find(cli->ctx, &list, &count, NULL) == 0 && count > 0 && list[0].booted &&
	    (list[0].label || list[0].model))
		text = text_format(
			_("No stick was named: this is the running system's own, %s (%s)."),
			list[0].model ? list[0].model : list[0].label, lm_stick_path(stick));
	else
		text = text_format(_("No stick was named: this is the running system's own, %s."),
				   lm_stick_path(stick));
	out_wrap(&cli->out, 0, 0, text);
	free(text);
	lm_found_free(list, count);
}

static int carry_out(struct cli *cli, struct lm_plan *plan, const struct lm_stick *booted)
{
	int code;

	if (!plan->possible) {
		if (booted && !cli->args.json)
			name_booted(cli, booted);
		return refused(cli, plan);
	}
	if (!cli->args.json)
		code = show_plan(&cli->out, plan, false);
	else if (cli->args.dry_run || cli->args.yes || is_harmless(plan))
		code = cli_json_print(cli->out.f, cli_json_plan(plan), !cli->args.dry_run);
	else
		code = 0;
	if (code)
		return cli_no_memory(cli);
	if (booted && !cli->args.json) {
		fputc('\n', cli->out.f);
		name_booted(cli, booted);
	}
	if (cli->args.dry_run) {
		if (!cli->args.json)
			fprintf(cli->out.f, "\n%s\n", _("A dry run: nothing was changed."));
		return LM_DONE;
	}
	fputs(cli->args.json ? "" : "\n", cli->out.f);
	code = agree(cli, plan);
	return code ? code : cli_run_plan(cli, plan);
}

/* 0, or the exit status. *booted: it is the running system's, and was not named. */
static int open_stick(struct cli *cli, const struct lm_op_info *op, struct lm_stick **stick,
		      bool *booted)
{
	struct lm_error err = {0};

	*booted = !cli->args.stick && op->traits & (LM_OP_CHANGES | LM_OP_TAKES_UP);
	if (!*booted)
		return cli_open_stick(cli, stick);
	if (lm_stick_open(cli->ctx, NULL, stick, &err) == 0)
		return 0;
	/* Elsewhere than on a live system it has to be named. */
	if (err.code == -ENODEV || err.code == -EMEDIUMTYPE)
		err.outcome = LM_USAGE;
	return cli_error(cli, &err);
}

static int operate(struct cli *cli, const struct lm_op_info *op)
{
	struct lm_options options = {
		.op = op->op,
		.method = cli->args.method,
		.work = cli->args.work,
		.out = cli->args.out,
		.lesson = cli->args.lesson,
		.size_bytes = cli->args.size_bytes,
		.size_is_more = cli->args.size_is_more,
		.deep = cli->args.deep,
		.undo = cli->args.undo,
		.reboot = cli->args.reboot,
	};
	struct lm_stick *stick = NULL;
	struct lm_plan *plan = NULL;
	struct lm_error err = {0};
	bool booted = false;
	int status;

	if (op->traits & LM_OP_NEEDS_STICK) {
		status = open_stick(cli, op, &stick, &booted);
		if (status)
			return status;
	}
	if (lm_plan_make(cli->ctx, stick, &options, &plan, &err))
		status = cli_error(cli, &err);
	else
		status = carry_out(cli, plan, booted ? stick : NULL);
	lm_plan_free(plan);
	lm_stick_close(stick);
	return status;
}

/* A practice stick with a lesson that was begun is gone on with, not made anew. */
static bool has_lesson(struct cli *cli)
{
	struct lm_lesson *lesson;
	bool same;

	if (lm_lesson_open(cli->ctx, cli->args.out, &lesson, NULL))
		return false;
	same = !cli->args.lesson || !strcmp(cli->args.lesson, lesson->name);
	lm_lesson_close(lesson);
	return same;
}

/* Makes a practice stick, and goes on with the lesson on it. */
static int practise(struct cli *cli, const struct lm_op_info *op)
{
	bool alone = cli->args.json || cli->args.dry_run || cli->args.yes;
	int status = LM_DONE;

	if (alone || !has_lesson(cli)) {
		status = operate(cli, op);
		/* The lesson is for somebody who is there. */
		if (alone || status != LM_DONE || !cli->args.lesson ||
		    !lm_lesson_is_guided(cli->args.lesson))
			return status;
	}
	return cli_lesson(cli, cli->args.out);
}

int cli_op(struct cli *cli)
{
	const struct lm_op_info *op = cli->args.command->op;

	return op->takes & LM_TAKES_LESSON ? practise(cli, op) : operate(cli, op);
}
