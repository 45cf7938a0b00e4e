/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pack DISK [CHANGED] >SEED: a disk as the fuzz targets have it (fuzz.h). Of
 * CHANGED, a later state of DISK, the sectors that differ go to the second disk.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

#define SECTOR 512u

static FILE *open_disk(const char *path)
{
	FILE *f = fopen(path, "rb");

	if (!f) {
		perror(path);
		exit(1);
	}
	return f;
}

/* False at the end; a last part of a sector counts as one. */
static int next(FILE *f, unsigned char sector[SECTOR])
{
	memset(sector, 0, SECTOR);
	return fread(sector, 1, SECTOR, f) > 0;
}

static void put(uint32_t number, const unsigned char sector[SECTOR])
{
	unsigned char le[4];

	put_le32(le, number);
	fwrite(le, 1, sizeof(le), stdout);
	fwrite(sector, 1, SECTOR, stdout);
}

int main(int argc, char **argv)
{
	static const unsigned char zeros[SECTOR];
	unsigned char a[SECTOR], b[SECTOR], le[4];
	FILE *disk, *changed = NULL;
	uint32_t n;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "Usage: pack DISK [CHANGED] >SEED\n");
		return 2;
	}
	disk = open_disk(argv[1]);
	for (n = 0; next(disk, a);)
		n++;
	put_le32(le, n);
	fwrite(le, 1, sizeof(le), stdout);
	rewind(disk);
	if (argc == 3)
		changed = open_disk(argv[2]);
	for (n = 0; next(disk, a); n++) {
		if (memcmp(a, zeros, SECTOR) != 0)
			put(n, a);
		if (changed && next(changed, b) && memcmp(a, b, SECTOR) != 0)
			put(n | UINT32_C(1) << 31, b);
	}
	fclose(disk);
	if (changed)
		fclose(changed);
	return fflush(stdout) != 0 || ferror(stdout);
}
