/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --help and the man page know every command and option of the table; help topics are sound. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "help/help.h"
#include "tests/unit/cli_stubs.h"

static char *read_all(const char *name)
{
	const char *src = getenv("LM_SRC");
	char path[4096], *text;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", src ? src : ".", name);
	f = fopen(path, "r");
	if (!f)
		fail_msg("cannot open %s", path);
	text = calloc(1, 65536);
	assert_non_null(text);
	n = fread(text, 1, 65535, f);
	fclose(f);
	assert_in_range(n, 1, 65534);
	return text;
}

static char *help_of(const struct cli_command *command, const char *topic, int want)
{
	struct cli cli = {.args.command = command, .args.topic = topic, .args.json = true};
	char *text = NULL;
	size_t size = 0;

	cli.out.f = open_memstream(&text, &size);
	cli.out.width = 80;
	assert_non_null(cli.out.f);
	assert_int_equal(cli_help(&cli), want);
	assert_int_equal(out_close(&cli.out), 0);
	return text;
}

static void assert_has(const char *text, const char *format, const char *word)
{
	char part[128];

	/* The formats are literals of this file. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(part, sizeof(part), format, word);
#pragma GCC diagnostic pop
	if (!strstr(text, part))
		fail_msg("'%s' is missing", part);
}

/* The help of the program fits a terminal and names everything. */
static void program_help_is_complete(void **state)
{
	char *text = help_of(NULL, NULL, LM_DONE), *line;
	size_t i, n;
	const struct cli_command *all = cli_commands(&n);

	(void)state;
	for (i = 0; i < n; i++)
		assert_has(text, "\n  %s ", all[i].name);
	for (i = 0; i < CLI_N_OPTIONS; i++)
		assert_has(text, " --%s", cli_options[i].name);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_in_range(strlen(line), 0, 80);
	free(text);
}

static void command_help_is_complete(void **state)
{
	size_t n;
	const struct cli_command *all = cli_commands(&n), *c;
	char *text;
	int o;

	(void)state;
	for (c = all; c < all + n; c++) {
		text = help_of(c, NULL, LM_DONE);
		assert_has(text, "Usage: livemend %s ", c->name);
		assert_non_null(help_find(c->topic));
		assert_has(text, "%s", help_find(c->topic)->title);
		for (o = 0; o < CLI_N_OPTIONS; o++)
			if (o < CLI_FIRST_OWN || c->own & CLI_BIT(o))
				assert_has(text, "--%s", cli_options[o].name);
		free(text);
	}
}

static void manual_is_complete(void **state)
{
	char *text = read_all("help/livemend.8");
	size_t i, n;
	const struct cli_command *all = cli_commands(&n);

	(void)state;
	for (i = 0; i < n; i++) {
		assert_has(text, "\n.It Cm %s\n", all[i].name);
		assert_has(text, "\n.Nm\n.Cm %s\n", all[i].name);
	}
	for (i = 0; i < CLI_N_OPTIONS; i++) {
		if (cli_options[i].letter) {
			char item[64];

			snprintf(item, sizeof(item), "\n.It Fl %c , -%s", cli_options[i].letter,
				 cli_options[i].name);
			assert_has(text, "%s", item);
		} else {
			assert_has(text, "\n.It Fl -%s", cli_options[i].name);
		}
	}
	free(text);
}

/* Every file of topics is compiled in, whole. */
static void topics_are_the_files(void **state)
{
	const struct help_topic *all;
	size_t count, files = 0, i, len;
	char path[4096], *text, *shown;
	const char *src = getenv("LM_SRC");
	struct dirent *e;
	DIR *dir;

	(void)state;
	all = help_all(&count);
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "help/%s.txt", all[i].name);
		text = read_all(path);
		len = strlen(all[i].title);
		assert_memory_equal(text, all[i].title, len);
		assert_memory_equal(text + len, "\n\n", 2);
		shown = help_text(&all[i]);
		assert_non_null(shown);
		assert_string_equal(text + len + 2, shown);
		free(shown);
		assert_ptr_equal(help_find(all[i].name), &all[i]);
		free(text);
	}
	snprintf(path, sizeof(path), "%s/help", src ? src : ".");
	dir = opendir(path);
	assert_non_null(dir);
	while ((e = readdir(dir)))
		if (strstr(e->d_name, ".txt"))
			files++;
	closedir(dir);
	assert_int_equal(files, count);
	assert_null(help_find("nosuch"));
	assert_null(help_find(NULL));
}

static void topics_are_shown(void **state)
{
	char *text = help_of(NULL, "glossary", LM_DONE);

	(void)state;
	assert_non_null(strstr(text, "Glossary\n\n"));
	free(text);
}

int cli_error(struct cli *cli, const struct lm_error *err)
{
	(void)cli;
	return (int)err->outcome;
}

static void unknown_topics_are_wrong_usage(void **state)
{
	(void)state;
	free(help_of(NULL, "nosuch", LM_USAGE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(program_help_is_complete),
		cmocka_unit_test(command_help_is_complete),
		cmocka_unit_test(manual_is_complete),
		cmocka_unit_test(topics_are_the_files),
		cmocka_unit_test(topics_are_shown),
		cmocka_unit_test(unknown_topics_are_wrong_usage),
	};

	return cmocka_run_group_tests_name("cli_help", tests, NULL, NULL);
}
