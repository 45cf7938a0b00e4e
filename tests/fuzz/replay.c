/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay.c - FILE...: gives each file to a fuzz target, with any compiler. A folder stands for the
 * files in it. Says which one it is at, so that the one that breaks something is known.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static unsigned given;

static int give(const char *path)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	uint8_t *data;
	size_t n;

	if (!f || fstat(fileno(f), &st) < 0) {
		perror(path);
		if (f)
			fclose(f);
		return 1;
	}
	/* Exactly as large as the input, so that a byte read too many is noticed. */
	data = malloc(st.st_size ? (size_t)st.st_size : 1);
	if (!data)
		abort();
	n = fread(data, 1, (size_t)st.st_size, f);
	fclose(f);
	fprintf(stderr, "# %s\n", path);
	LLVMFuzzerTestOneInput(data, n);
	free(data);
	given++;
	return 0;
}

static int give_all(const char *dir)
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort), failed = 0;
	char path[4096];

	if (n < 0)
		return give(dir);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		if (list[i]->d_name[0] != '.')
			failed |= give(path);
		free(list[i]);
	}
	free(list);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= give_all(argv[i]);
	printf("%u\n", given);
	return failed || !given;
}
