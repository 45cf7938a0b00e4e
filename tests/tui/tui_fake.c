/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tui_fake.c - the full-screen program over the fake core: [--script F] [--dump F] SCENARIO */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "help/help.h"
#include "tui/cmd.h"
#include "tui/tui.h"

/* The command table, for lint.sh: tab-separated, "-" for what there is not. */
static int list_commands(void)
{
	int i;

	for (i = 0; i < N_CMDS - 1; i++) {
		enum cmd c = cmd_at(i);
		const char *fields[] = {cmd_keys(c),  cmd_help(c), cmd_name(c),
					cmd_topic(c), cmd_line(c), cmd_label(c)};
		size_t f;

		printf("%u", cmd_contexts(c));
		for (f = 0; f < sizeof(fields) / sizeof(fields[0]); f++)
			printf("\t%s", fields[f] ? fields[f] : "-");
		printf("\n");
	}
	return 0;
}

static int list_topics(void)
{
	size_t count, i;
	const struct help_topic *all = help_all(&count);

	for (i = 0; i < count; i++)
		puts(all[i].name);
	return 0;
}

int main(int argc, char **argv)
{
	struct tui_opts opts = {0};
	const char *scenario = "healthy";
	struct lm_error err;
	struct lm_ctx *ctx;
	int i, rc;

	setlocale(LC_ALL, "");
	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--script") == 0 && i + 1 < argc)
			opts.script = argv[++i];
		else if (strcmp(argv[i], "--dump") == 0 && i + 1 < argc)
			opts.dump = argv[++i];
		else if (strcmp(argv[i], "--commands") == 0)
			return list_commands();
		else if (strcmp(argv[i], "--topics") == 0)
			return list_topics();
		else if (strcmp(argv[i], "--ascii") == 0)
			opts.ascii = true;
		else
			scenario = argv[i];
	}
	opts.headless = opts.script != NULL;
	if (lm_ctx_new(&ctx, &err) < 0)
		return 98;
	rc = tui_run(ctx, scenario, &opts);
	lm_ctx_free(ctx);
	if (rc < 0)
		fprintf(stderr, "tui_run: %s\n", strerror(-rc));
	return rc < 0 ? 97 : rc;
}
