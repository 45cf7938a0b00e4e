/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The record of which image an overlay belongs to: the input is its text. The
 * last line is put right when it is a checksum.
 */
#include "core/stick/stick.h"
#include "core/sum.h"
#include "tests/fuzz/fuzz.h"

#define RECORD "LiveOS/livemend/pairing"

static void put_text(struct io *io, const uint8_t *data, size_t size)
{
	static const char key[] = "\nsha256: ";
	char *text = malloc(size + sizeof(key) + SUM_DIGITS + 1), *last, digits[SUM_DIGITS + 1];

	MUST(text);
	memcpy(text, data, size);
	text[size] = '\0';
	last = strstr(text, key);
	if (last) {
		size = (size_t)(last + 1 - text);
		sum_of_hex(text, size, digits);
		size += (size_t)sprintf(last + 1, "%s%s\n", key + 1, digits);
	}
	fuzz_folder_put(io, RECORD, text, size);
	free(text);
}

static void ask(struct lm_stick *stick, size_t i, const struct image_info *image,
		const struct fs_info *fs, bool *recorded, bool *matches)
{
	const struct stick_pair pair = stick_pair_of(stick, i);
	struct lm_error err;

	MUST(stick_pair_read(&pair, image, fs, recorded, matches, &err) == 0);
	MUST(*recorded || *matches);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stick_overlay overlays[] = {
		{.path = (char[]){"LiveOS/overlay-LIVE-1A2B"}},
		{.path = (char[]){"LiveOS/overlay-\xc3\xa4 %\n\x1b"}},
		{.path = (char[]){"LiveOS/overlay"}},
	};
	struct io *io = fuzz_folder(NULL, 0);
	struct lm_stick stick = {
		.io = io, .live_dir = (char[]){"LiveOS"}, .overlays = overlays, .n_overlays = 3};
	struct image_info image = {.bytes_used = 4096, .identity = {1, 2, 0xff}};
	struct fs_info fs = {.size_bytes = 1 << 20, .uuid = {9, 8, 7}};
	bool was_recorded[3], was_match[3], recorded, matches;
	struct lm_error err;

	put_text(io, data, size);
	for (size_t i = 0; i < 3; i++)
		ask(&stick, i, &image, &fs, &was_recorded[i], &was_match[i]);
	/* A new one replaces what was said of it, and leaves what is said of others. */
	MUST(stick_pair_write(io, "LiveOS", overlays[1].path, &image, &fs, &err) == 0);
	ask(&stick, 1, &image, &fs, &recorded, &matches);
	MUST(recorded && matches);
	ask(&stick, 1, NULL, &fs, &recorded, &matches);
	MUST(recorded && !matches);
	for (size_t i = 0; i < 3; i += 2) {
		ask(&stick, i, &image, &fs, &recorded, &matches);
		MUST(recorded == was_recorded[i] && matches == was_match[i]);
	}
	io_close(io);
	return 0;
}
