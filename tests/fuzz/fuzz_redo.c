/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The undo file of a recovery from a stranger. The first byte of the input says
 * what is put right, so that the fuzzer gets past it: 1: the length of the log,
 * 2: its checksum, 4: a seal is added; 8: which bytes the file has, those of
 * before, those of after, or (16) both by turns. The rest is the log.
 */
#include "core/plan/redo.h"
#include "core/sum.h"
#include "tests/fuzz/fuzz.h"

#define HEADER    64u
#define ENTRY     16u
#define SUM       SUM_BYTES
#define MOST_FILE (256u << 10)
#define LOG       "recover.undo"

enum { FIX_LENGTH = 1, FIX_SUM = 2, ADD_SEAL = 4, HAS_NEW = 8, HAS_BOTH = 16 };

/* In new memory, with room for what is added. */
static uint8_t *put_right(const uint8_t *data, size_t *size, unsigned flags)
{
	uint8_t *log = calloc(1, *size + HEADER + SUM + 8 + 64 + SUM), *seal;
	unsigned char both[SUM + 72];

	MUST(log);
	memcpy(log, data, *size);
	if (flags & (FIX_LENGTH | FIX_SUM)) {
		if (*size < HEADER)
			*size = HEADER;
		if (flags & FIX_LENGTH)
			put_le64(log + 32, *size + SUM);
		sum_of(log, *size, log + *size);
		*size += SUM;
	}
	if ((flags & ADD_SEAL) && *size >= HEADER + SUM) {
		seal = log + *size;
		memcpy(seal, "LMDONE2\n", 8);
		memset(seal + 8, 'a', 64);
		memcpy(both, seal - SUM, SUM);
		memcpy(both + SUM, seal, 72);
		sum_of(both, sizeof(both), seal + 72);
		*size += 72 + SUM;
	}
	return log;
}

struct change {
	uint64_t off, data;
	uint32_t len;
};

static struct change change_at(const uint8_t *log, uint64_t i, uint64_t *data)
{
	const uint8_t *raw = log + HEADER + i * ENTRY;
	struct change c = {get_le64(raw), *data, get_le32(raw + 8)};

	*data += 2 * (uint64_t)c.len;
	return c;
}

/* Bytes as they are to be; false when changes overlap, and no such bytes exist. */
static bool fill(struct mem_file *mem, const uint8_t *log, uint64_t entries, unsigned flags)
{
	uint64_t data = HEADER + entries * ENTRY;
	unsigned char *seen = calloc(1, mem->size + 1);
	bool apart = true;

	MUST(seen);
	for (uint64_t i = 0; i < entries; i++) {
		struct change c = change_at(log, i, &data);
		bool new = flags &HAS_BOTH ? i % 2 : (flags & HAS_NEW) != 0;

		for (uint32_t k = 0; k < c.len; k++) {
			apart = apart && !seen[c.off + k];
			seen[c.off + k] = 1;
		}
		memcpy(mem->data + c.off, log + c.data + (new ? c.len : 0), c.len);
	}
	free(seen);
	return apart;
}

static bool has(const struct mem_file *mem, const uint8_t *log, uint64_t entries, bool new)
{
	uint64_t data = HEADER + entries * ENTRY;

	for (uint64_t i = 0; i < entries; i++) {
		struct change c = change_at(log, i, &data);

		if (memcmp(mem->data + c.off, log + c.data + (new ? c.len : 0), c.len) != 0)
			return false;
	}
	return true;
}

static enum redo_state state_of(struct redo *redo, struct mem_file *mem)
{
	enum redo_state state;
	struct lm_error err;

	MUST(redo_compare(redo, &mem->file, &state, &err) == 0);
	return state;
}

/* All of it done and taken back, on a file that is as the log says. */
static void carry_out(struct redo *redo, const uint8_t *log, unsigned flags)
{
	const struct redo_info *info = redo_info(redo);
	struct mem_file mem;
	struct lm_error err;
	enum redo_state state;
	bool apart, done;

	mem_file_make(&mem, info->new_bytes, info->new_bytes);
	apart = fill(&mem, log, info->entries, flags);
	state = state_of(redo, &mem);
	/* Of a store the valid field has a life of its own. */
	if (apart && !info->store)
		MUST(state != REDO_FOREIGN);
	MUST(redo_apply(redo, &mem.file, "overlay", false, NULL, NULL, &err) == 0);
	state = state_of(redo, &mem);
	if (apart && !info->store) {
		done = has(&mem, log, info->entries, true);
		MUST(done && (state == REDO_AFTER || has(&mem, log, info->entries, false)));
	}
	MUST(redo_apply(redo, &mem.file, "overlay", true, NULL, NULL, &err) == 0);
	MUST(mem.size == info->old_bytes);
	mem.size = info->new_bytes;
	state = state_of(redo, &mem);
	if (apart && !info->store)
		MUST(has(&mem, log, info->entries, false) && state == REDO_BEFORE);
	mem_file_free(&mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned flags = size ? *data : 0;
	size_t len = size ? size - 1 : 0;
	uint8_t *log = put_right(size ? data + 1 : (const uint8_t *)"", &len, flags);
	struct io *io = fuzz_folder(NULL, 0);
	struct redo *redo;
	struct lm_error err;
	int ret;

	fuzz_folder_put(io, LOG, log, len);
	ret = redo_open(io, LOG, &redo, &err);
	if (ret < 0) {
		fuzz_check_error(ret, &err);
		MUST(!redo);
	} else {
		const struct redo_info *info = redo_info(redo);

		MUST(ret == 1 && info->old_bytes <= info->new_bytes);
		MUST(info->changed_bytes <= len && info->entries <= len / ENTRY);
		MUST(memchr(info->seal, 0, sizeof(info->seal)));
		if (info->new_bytes <= MOST_FILE)
			carry_out(redo, log, flags);
		ret = redo_seal(io, LOG, redo, "identity", &err);
		MUST(ret == 0);
		redo_close(redo);
		MUST(redo_open(io, LOG, &redo, &err) == 1 && redo_info(redo)->sealed);
		redo_close(redo);
	}
	io_close(io);
	free(log);
	return 0;
}
