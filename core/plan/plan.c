/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan.c - building a plan, and taking it apart again */
#include "core/plan/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/text.h"

static int no_memory(struct lm_plan *plan)
{
	plan->impl->no_memory = true;
	return -ENOMEM;
}

/* Sets *field to a copy of text; NULL leaves it alone. */
static int set(struct lm_plan *plan, char **field, const char *text)
{
	char *copy;

	if (!text)
		return 0;
	copy = text_dup(text);
	if (!copy)
		return no_memory(plan);
	free(*field);
	*field = copy;
	return 0;
}

static size_t list_length(char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

/* Appends text (taken over, may be NULL) to a NULL-terminated list; on failure the list is gone. */
static int list_add(char ***list, char *text)
{
	size_t n = list_length(*list);
	char **bigger = text && *list ? realloc(*list, (n + 2) * sizeof(*bigger)) : NULL;

	if (!bigger) {
		for (size_t i = 0; i < n; i++)
			free((*list)[i]);
		free(*list);
		free(text);
		*list = NULL;
		return -ENOMEM;
	}
	bigger[n] = text;
	bigger[n + 1] = NULL;
	*list = bigger;
	return 0;
}

static void list_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

struct lm_plan *plan_new(struct lm_ctx *ctx, enum lm_op op)
{
	struct lm_plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return NULL;
	plan->op = op;
	plan->possible = true;
	plan->impl = calloc(1, sizeof(*plan->impl));
	/* One more than is handed out: plan_step() gives it away when there are too many. */
	plan->steps = calloc(PLAN_MAX_STEPS + 1, sizeof(*plan->steps));
	plan->warnings = calloc(1, sizeof(*plan->warnings));
	if (!plan->impl || !plan->steps || !plan->warnings) {
		lm_plan_free(plan);
		return NULL;
	}
	plan->impl->ctx = ctx;
	return plan;
}

int plan_text(struct lm_plan *plan, const char *title, const char *summary)
{
	int ret = set(plan, &plan->title, title);

	return ret ? ret : set(plan, &plan->summary, summary);
}

struct lm_step *plan_step(struct lm_plan *plan, const char *id, const char *title, const char *why,
			  plan_step_fn fn)
{
	struct lm_step *step = &plan->steps[plan->n_steps];

	if (plan->n_steps == PLAN_MAX_STEPS) {
		no_memory(plan);
		return step;
	}
	plan->impl->fn[plan->n_steps++] = fn;
	step->id = id;
	step->commands = calloc(1, sizeof(*step->commands));
	set(plan, &step->title, title);
	set(plan, &step->why, why);
	return step;
}

int plan_command(struct lm_step *step, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = text_vcommand(format, args);
	va_end(args);
	return list_add(&step->commands, text);
}

int plan_command_word(struct lm_step *step, const char *word)
{
	char **last = step->commands, *quoted = text_shell(word), *longer = NULL;

	while (last && last[0] && last[1])
		last++;
	if (last && *last && quoted)
		longer = text_format("%s %s", *last, quoted);
	free(quoted);
	if (!longer)
		return -ENOMEM;
	free(*last);
	*last = longer;
	return 0;
}

int plan_need(struct lm_plan *plan, const char *where, const char *what, uint64_t need,
	      uint64_t most, uint64_t free_bytes, uint64_t file_limit)
{
	struct lm_need *bigger =
		realloc(plan->needs, (plan->n_needs + 1) * sizeof(*plan->needs));
	struct lm_need *n;

	if (!bigger)
		return no_memory(plan);
	plan->needs = bigger;
	n = &bigger[plan->n_needs++];
	*n = (struct lm_need){
		.need_bytes = need,
		.most_bytes = most,
		.free_bytes = free_bytes,
		.file_limit_bytes = file_limit == UINT64_MAX ? 0 : file_limit,
		.ok = need <= free_bytes && (file_limit == 0 || need <= file_limit),
	};
	set(plan, &n->where, where);
	return set(plan, &n->what, what);
}

int plan_warn(struct lm_plan *plan, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = text_vformat(format, args);
	va_end(args);
	return list_add(&plan->warnings, text) ? no_memory(plan) : 0;
}

void plan_refuse(struct lm_plan *plan, const struct lm_error *why)
{
	plan->possible = false;
	plan->refusal = *why;
	if (plan->refusal.outcome == LM_DONE || plan->refusal.outcome == LM_UNCHANGED)
		plan->refusal.outcome = LM_REFUSED;
}

void plan_state(struct lm_plan *plan, void *state, void (*release)(void *))
{
	plan->impl->arg = state;
	plan->impl->release = release;
}

void plan_abort(struct lm_plan *plan, plan_abort_fn fn)
{
	plan->impl->abort = fn;
}

int plan_risk(struct lm_plan *plan, const char *destroys, const char *undo, const char *confirm)
{
	int ret = set(plan, &plan->destroys, destroys);

	if (ret == 0)
		ret = set(plan, &plan->undo, undo);
	return ret ? ret : set(plan, &plan->confirm, confirm);
}

int plan_result(struct lm_plan *plan, const char *now, const char *next)
{
	int ret = set(plan, &plan->impl->now, now);

	return ret ? ret : set(plan, &plan->impl->next, next);
}

int plan_ready(const struct lm_plan *plan, struct lm_error *err)
{
	bool bad = plan->impl->no_memory || !plan->title || !plan->summary || !plan->warnings;

	for (size_t i = 0; i < plan->n_steps && !bad; i++)
		bad = !plan->steps[i].title || !plan->steps[i].why || !plan->steps[i].commands;
	for (size_t i = 0; i < plan->n_needs && !bad; i++)
		bad = !plan->needs[i].where || !plan->needs[i].what;
	return bad ? lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed")) : 0;
}

void lm_plan_free(struct lm_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; plan->steps && i < plan->n_steps; i++) {
		struct lm_step *step = &plan->steps[i];

		free(step->title);
		free(step->why);
		list_free(step->commands);
		free(step->reads);
		free(step->writes);
		free(step->undo);
	}
	free(plan->steps);
	for (size_t i = 0; i < plan->n_needs; i++) {
		free(plan->needs[i].where);
		free(plan->needs[i].what);
	}
	free(plan->needs);
	list_free(plan->warnings);
	free(plan->title);
	free(plan->summary);
	free(plan->destroys);
	free(plan->undo);
	free(plan->confirm);
	if (plan->impl) {
		if (plan->impl->release)
			plan->impl->release(plan->impl->arg);
		free(plan->impl->now);
		free(plan->impl->next);
		free(plan->impl);
	}
	free(plan);
}
