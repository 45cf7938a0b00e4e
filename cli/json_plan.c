/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json_plan.c - plans, progress and results as JSON */
#include "cli/json.h"
#include "cli/json_maker.h"

static struct json_object *texts_array(char *const *texts)
{
	struct json_object *array = json_object_new_array();

	for (; array && texts && *texts; texts++) {
		if (!jm_append(array, json_object_new_string(*texts))) {
			json_object_put(array);
			array = NULL;
		}
	}
	return array;
}

static struct json_object *step_object(const struct lm_step *s)
{
	struct json_maker m = jm_start();

	jm_text(&m, "id", s->id);
	jm_text(&m, "title", s->title);
	jm_text(&m, "why", s->why);
	jm_put(&m, "commands", texts_array(s->commands));
	jm_text(&m, "reads", s->reads);
	jm_text(&m, "writes", s->writes);
	jm_text(&m, "undo", s->undo);
	jm_u64(&m, "work_bytes", s->work_bytes);
	jm_bool(&m, "cancellable", s->cancellable);
	return jm_end(&m);
}

static struct json_object *need_object(const struct lm_need *n)
{
	struct json_maker m = jm_start();

	jm_text(&m, "where", n->where);
	jm_text(&m, "what", n->what);
	jm_u64(&m, "need_bytes", n->need_bytes);
	jm_u64(&m, "most_bytes", n->most_bytes);
	jm_u64(&m, "free_bytes", n->free_bytes);
	jm_known(&m, "file_limit_bytes", n->file_limit_bytes, n->file_limit_bytes > 0);
	jm_bool(&m, "ok", n->ok);
	return jm_end(&m);
}

static struct json_object *steps_array(const struct lm_plan *plan)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; array && i < plan->n_steps; i++) {
		if (!jm_append(array, step_object(&plan->steps[i]))) {
			json_object_put(array);
			array = NULL;
		}
	}
	return array;
}

static struct json_object *needs_array(const struct lm_plan *plan)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; array && i < plan->n_needs; i++) {
		if (!jm_append(array, need_object(&plan->needs[i]))) {
			json_object_put(array);
			array = NULL;
		}
	}
	return array;
}

static struct json_object *plan_object(const struct lm_plan *plan)
{
	struct json_maker m = jm_start();

	jm_text(&m, "operation", lm_op_word(plan->op));
	jm_text(&m, "title", plan->title);
	jm_text(&m, "summary", plan->summary);
	jm_bool(&m, "possible", plan->possible);
	jm_put(&m, "steps", steps_array(plan));
	jm_put(&m, "needs", needs_array(plan));
	jm_text(&m, "destroys", plan->destroys);
	jm_text(&m, "undo", plan->undo);
	jm_put(&m, "warnings", texts_array(plan->warnings));
	jm_text(&m, "confirm", plan->confirm);
	return jm_end(&m);
}

struct json_object *cli_json_plan(const struct lm_plan *plan)
{
	struct json_maker m = jm_start();

	jm_put(&m, "plan", plan_object(plan));
	if (!plan->possible)
		jm_put(&m, "error", cli_json_error(&plan->refusal));
	return jm_end(&m);
}

static const char *state_word(enum lm_job_state state)
{
	switch (state) {
	case LM_JOB_RUNNING:
		return "running";
	case LM_JOB_CRITICAL:
		return "critical";
	case LM_JOB_CANCELLING:
		return "cancelling";
	case LM_JOB_ASKING:
		return "asking";
	case LM_JOB_ENDED:
		break;
	}
	return "ended";
}

struct json_object *cli_json_progress(const struct lm_plan *plan, const struct lm_progress *p)
{
	struct json_maker m = jm_start();

	jm_text(&m, "state", state_word(p->state));
	jm_u64(&m, "step", p->step + 1);
	jm_u64(&m, "steps", p->n_steps);
	jm_text(&m, "id", p->step < plan->n_steps ? plan->steps[p->step].id : NULL);
	jm_text(&m, "title", p->step < plan->n_steps ? plan->steps[p->step].title : NULL);
	jm_u64(&m, "done_bytes", p->done_bytes);
	jm_u64(&m, "total_bytes", p->total_bytes);
	jm_u64(&m, "all_done_bytes", p->all_done_bytes);
	jm_u64(&m, "all_total_bytes", p->all_total_bytes);
	jm_double(&m, "bytes_per_second", p->bytes_per_second);
	jm_known(&m, "eta_seconds", (uint64_t)p->eta_seconds, p->eta_seconds >= 0);
	jm_double(&m, "elapsed_seconds", p->elapsed_seconds);
	jm_bool(&m, "flushing", p->flushing);
	jm_text(&m, "message", p->message);
	jm_text(&m, "question", p->state == LM_JOB_ASKING ? p->question : NULL);
	return cli_json_wrap("progress", jm_end(&m));
}

static const char *outcome_word(enum lm_outcome outcome)
{
	switch (outcome) {
	case LM_DONE:
		return "done";
	case LM_ATTENTION:
		return "attention";
	case LM_USAGE:
		return "usage";
	case LM_REFUSED:
		return "refused";
	case LM_UNCHANGED:
		return "unchanged";
	case LM_RESUMABLE:
		return "resumable";
	case LM_CANCELLED:
		return "cancelled";
	}
	return "unknown";
}

struct json_object *cli_json_result(const struct lm_plan *plan, const struct lm_result *r)
{
	struct json_maker result = jm_start(), m = jm_start();

	jm_text(&result, "operation", lm_op_word(plan->op));
	jm_text(&result, "outcome", outcome_word(r->outcome));
	jm_put(&result, "exit_status", json_object_new_int((int)r->outcome));
	jm_text(&result, "now", r->now);
	jm_text(&result, "next", r->next);
	jm_double(&result, "seconds", r->seconds);
	jm_put(&m, "result", jm_end(&result));
	if (r->error.code)
		jm_put(&m, "error", cli_json_error(&r->error));
	return jm_end(&m);
}
