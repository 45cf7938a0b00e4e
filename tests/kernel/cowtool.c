/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cowtool - core/cow and core/view on the command line, to be held against a real kernel
 *
 *   cowtool format COW CHUNK_SECTORS
 *   cowtool status COW                  the line that `dmsetup status` ends with
 *   cowtool write BASE COW COUNT SEED   COUNT writes at random places of the merged view
 *   cowtool export BASE COW OUT         the merged view
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/view/view.h"
#include "tests/unit/store_lab.h"

static int complain(const struct lm_error *err)
{
	fprintf(stderr, "cowtool: %s: %s: %s\n", err->what, err->on, err->why);
	return 1;
}

static int print_status(struct io_file *file, const char *name, struct lm_error *err)
{
	struct cow_store *store;
	const struct cow_info *info;

	if (cow_store_open(file, name, 0, &store, err))
		return complain(err);
	info = cow_store_info(store);
	if (info->state == LM_STATE_INVALID)
		puts("Invalid");
	else if (info->state == LM_STATE_DAMAGED)
		puts(info->trouble);
	else
		printf("%llu/%llu %llu\n", (unsigned long long)info->allocated_sectors,
		       (unsigned long long)info->total_sectors,
		       (unsigned long long)info->metadata_sectors);
	cow_store_close(store);
	return 0;
}

static int write_random(struct io_source *view, unsigned long count, uint64_t seed,
			struct lm_error *err)
{
	static unsigned char buf[65536];

	for (unsigned long i = 0; i < count; i++) {
		uint64_t off = lab_random(&seed) % view->size_bytes;
		uint64_t len = lab_random(&seed) % (i % 8 ? 9000 : sizeof(buf)) + 1;

		if (i % 3)
			off -= off % 4096;
		if (len > view->size_bytes - off)
			len = view->size_bytes - off;
		for (uint64_t k = 0; k < len; k++)
			buf[k] = (unsigned char)lab_random(&seed);
		if (io_source_write(view, buf, len, off, err))
			return complain(err);
		if (i % 97 == 0 && io_source_flush(view, err))
			return complain(err);
	}
	return io_source_flush(view, err) ? complain(err) : 0;
}

static int export_to(struct io_source *view, const char *path, struct lm_error *err)
{
	struct io_file *out;
	int rc = io_path_open(path, IO_CREATE, &out);

	if (rc) {
		fprintf(stderr, "cowtool: %s: %s\n", path, strerror(-rc));
		return 1;
	}
	rc = view_export(view, out, path, NULL, err) ? complain(err) : 0;
	return io_file_close(out) ? 1 : rc;
}

static int on_view(char **argv, struct io_file *cow, bool writable, struct lm_error *err)
{
	struct io_file *file;
	struct io_source *base = NULL, *view = NULL;
	struct cow_store *store = NULL;
	int rc = io_path_open(argv[2], IO_READ, &file);

	if (rc) {
		fprintf(stderr, "cowtool: %s: %s\n", argv[2], strerror(-rc));
		return 1;
	}
	if (io_file_source(file, true, argv[2], 0, 0, &base, err) ||
	    cow_store_open(cow, argv[3], base->size_bytes / 512, &store, err) ||
	    view_open(base, store, writable, false, &view, err))
		rc = complain(err);
	else if (writable)
		rc = write_random(view, strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10), err);
	else
		rc = export_to(view, argv[4], err);
	io_source_close(view);
	cow_store_close(store);
	io_source_close(base);
	return rc;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	bool format = !strcmp(command, "format") && argc == 4;
	bool status = !strcmp(command, "status") && argc == 3;
	bool writes = !strcmp(command, "write") && argc == 6;
	struct io_file *cow;
	struct lm_error err = { 0 };
	const char *path;
	int rc;

	if (!format && !status && !writes && (strcmp(command, "export") != 0 || argc != 5)) {
		fprintf(stderr, "cowtool: format COW CHUNK | status COW | "
				"write BASE COW COUNT SEED | export BASE COW OUT\n");
		return 2;
	}
	path = format || status ? argv[2] : argv[3];
	rc = io_path_open(path, format || writes ? IO_WRITE : IO_READ, &cow);
	if (rc) {
		fprintf(stderr, "cowtool: %s: %s\n", path, strerror(-rc));
		return 1;
	}
	if (format)
		rc = cow_format(cow, (uint32_t)strtoul(argv[3], NULL, 10), path, &err) ?
			     complain(&err) : 0;
	else if (status)
		rc = print_status(cow, path, &err);
	else
		rc = on_view(argv, cow, writes, &err);
	return io_file_close(cow) ? 1 : rc;
}
