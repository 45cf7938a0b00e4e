/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tui_fake.c - the full-screen program over the fake core: [--script F] [--dump F] SCENARIO */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "tui/tui.h"

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
