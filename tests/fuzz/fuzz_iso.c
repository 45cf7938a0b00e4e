/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An ISO 9660 file system from a stranger; the input is a disk as fuzz.h has it. */
#include "core/io/io_image.h"
#include "tests/fuzz/fuzz.h"

#define MOST_SECTORS (8u << 11)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct io_source *src;
	struct mem_file mem;
	struct lm_error err;
	struct io *io;
	int ret;

	fuzz_disk(data, size, MOST_SECTORS, &mem);
	MUST(io_file_source(&mem.file, false, "disk", 0, 0, &src, &err) == 0);
	ret = io_iso_open(src, &io, &err);
	if (ret < 0)
		fuzz_check_error(ret, &err);
	else
		fuzz_look_round(io);
	io_close(io);
	mem_file_free(&mem);
	return 0;
}
