/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON of a stick with hostile names: the input is the stick (see
 * fuzz_folder()); its files "label", "uuid" and "given" are that of it, and
 * "texts" has lines for what the core says of an operation. What is printed is
 * taken by a parser that takes nothing but JSON, and means the same again.
 */
#include <json-c/json.h>

#include "cli/json.h"
#include "core/report/usage.h"
#include "core/stick/stick_priv.h"
#include "core/text.h"
#include "tests/fuzz/fuzz.h"

#define MOST_TEXTS 24

static void check_object(struct json_object *object, bool one_line)
{
	struct json_tokener *tok = json_tokener_new();
	char *buf = NULL;
	struct json_object *again;
	size_t size = 0;
	FILE *f = open_memstream(&buf, &size);

	MUST(tok && f && object);
	json_object_get(object);
	MUST(cli_json_print(f, object, one_line) == 0 && fclose(f) == 0);
	MUST(size > 0 && buf[size - 1] == '\n' && strlen(buf) == size);
	MUST(!one_line || strchr(buf, '\n') == buf + size - 1);
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	again = json_tokener_parse_ex(tok, buf, (int)size - 1);
	if (json_tokener_get_error(tok) == json_tokener_continue)
		again = json_tokener_parse_ex(tok, "", 1);
	if (json_tokener_get_error(tok) != json_tokener_success) {
		fprintf(stderr, "%s: %s", json_tokener_error_desc(json_tokener_get_error(tok)),
			buf);
		abort();
	}
	MUST(strcmp(json_object_to_json_string(object), json_object_to_json_string(again)) == 0);
	json_object_put(again);
	json_object_put(object);
	json_tokener_free(tok);
	free(buf);
}

static char *text_of(struct io *io, const char *path, const char *otherwise)
{
	size_t size;
	const uint8_t *data = fuzz_folder_get(io, path, &size);
	char *text = data ? strndup((const char *)data, size) : strdup(otherwise);

	MUST(text);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void check_error(const struct lm_error *err)
{
	check_object(cli_json_error(err), true);
}

static void check_stick(struct io *io)
{
	struct lm_stick *s = calloc(1, sizeof(*s));
	struct lm_status *status;
	struct lm_report *report;
	struct lm_node *root;
	struct lm_error err;
	char *text;
	int ret;

	MUST(s && lm_ctx_new(&s->ctx, NULL) == 0);
	struct lm_ctx *ctx = s->ctx;
	s->given = text_of(io, "given", "/dev/sdb1");
	s->shown = text_dup(s->given);
	text = text_of(io, "label", "LIVE");
	snprintf(s->label, sizeof(s->label), "%s", text);
	free(text);
	text = text_of(io, "uuid", "1A2B-3C4D");
	snprintf(s->uuid, sizeof(s->uuid), "%s", text);
	free(text);
	s->io = io;
	ret = stick_scan(s, NULL, NULL, &err);
	if (ret < 0) {
		fuzz_check_error(ret, &err);
		check_error(&err);
	} else {
		stick_sort_overlays(s);
		MUST(lm_status_read(s, 0, &status, &err) == 0);
		MUST(status->headline && fuzz_is_printable(status->headline));
		check_object(cli_json_status(status), false);
		lm_status_free(status);
		MUST(lm_layout_read(s, &root, &err) == 0);
		check_object(cli_json_layout(root), true);
		lm_layout_free(root);
		MUST(lm_doctor(s, 0, NULL, &report, &err) == 0);
		check_object(cli_json_report(report), false);
		lm_report_free(report);
	}
	lm_stick_close(s); /* and the folder */
	lm_ctx_free(ctx);
}

struct texts {
	char *list[MOST_TEXTS + 1];
	unsigned count;
};

static char *one(const struct texts *t, unsigned i)
{
	return t->count ? t->list[i % t->count] : NULL;
}

static void check_plan(struct texts *t, uint64_t n)
{
	struct lm_step steps[2] = {
		{.id = "check",
		 .title = one(t, 0),
		 .why = one(t, 1),
		 .commands = t->list,
		 .reads = one(t, 2),
		 .work_bytes = n},
		{.id = "build", .title = one(t, 3), .undo = one(t, 4), .cancellable = n & 1},
	};
	struct lm_need needs[1] = {{.where = one(t, 5),
				    .what = one(t, 6),
				    .need_bytes = n,
				    .most_bytes = UINT64_MAX,
				    .file_limit_bytes = n & 3}};
	struct lm_plan plan = {.op = LM_OP_MERGE,
			       .title = one(t, 7),
			       .summary = one(t, 8),
			       .steps = steps,
			       .n_steps = 2,
			       .needs = needs,
			       .n_needs = 1,
			       .warnings = t->list,
			       .possible = n & 4,
			       .confirm = one(t, 9)};
	struct lm_progress progress = {.state = LM_JOB_ASKING,
				       .step = n % 4,
				       .n_steps = 2,
				       .done_bytes = n,
				       .eta_seconds = (int64_t)n};
	struct lm_result result = {.outcome = LM_RESUMABLE};
	const char *text = one(t, 10) ? one(t, 10) : "";

	memcpy(&progress.bytes_per_second, &n, sizeof(n));
	progress.elapsed_seconds = (double)n * 1e300;
	result.seconds = progress.bytes_per_second;
	text_printable(progress.message, sizeof(progress.message), text);
	text_printable(progress.question, sizeof(progress.question), text);
	text_printable(result.now, sizeof(result.now), text);
	text_printable(result.next, sizeof(result.next), text);
	lm_fail(&result.error, -EIO, text, text, "%s", text);
	lm_because(&result.error, "%s", text);
	lm_refuse(&plan.refusal, -EBUSY, text, text, text, "%s", text);
	check_object(cli_json_plan(&plan), n & 8);
	check_object(cli_json_progress(&plan, &progress), true);
	check_object(cli_json_result(&plan, &result), true);
	check_error(&result.error);
}

static void check_usage(const struct texts *t, uint64_t n)
{
	struct usage_path paths[MOST_TEXTS];
	struct lm_usage *u = calloc(1, sizeof(*u));
	unsigned count = 0;

	MUST(u);
	/* Paths as the file system's names come: printable, from the top, no part of them empty. */
	for (unsigned i = 0; i < t->count; i++) {
		char *path = NULL, *to;

		MUST(asprintf(&path, "/%s", t->list[i]) > 0);
		to = path;
		for (const char *from = path; *from; from++) {
			if (*from != '/' || (from[1] != '/' && from[1] != '\0'))
				*to++ = *from;
		}
		*to = '\0';
		if (*path)
			paths[count++] = (struct usage_path){path, i & 1, n >> i};
		else
			free(path);
	}
	u->root = usage_tree(paths, count);
	MUST(u->root);
	check_object(cli_json_usage(u, 3), false);
	check_object(cli_json_usage(u, 0), true);
	for (unsigned i = 0; i < count; i++)
		free(paths[i].path);
	lm_usage_free(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct io *io = fuzz_folder(data, size);
	struct texts t = {.count = 0};
	size_t len = 0;
	const uint8_t *given = fuzz_folder_get(io, "texts", &len);
	char *lines = strndup(given ? (const char *)given : "", given ? len : 0), *line,
	     *save = NULL;
	uint64_t n = size >= 8 ? get_le64(data + size - 8) : size;

	MUST(lines);
	for (line = strtok_r(lines, "\n", &save); line && t.count < MOST_TEXTS;
	     line = strtok_r(NULL, "\n", &save)) {
		t.list[t.count] = text_dup(line);
		MUST(t.list[t.count++]);
	}
	t.list[t.count] = NULL;
	check_plan(&t, n);
	check_usage(&t, n);
	check_stick(io);
	for (unsigned i = 0; i < t.count; i++)
		free(t.list[i]);
	free(lines);
	return 0;
}
