/* SPDX-License-Identifier: GPL-3.0-or-later */
/* op_info.c - the table of operations as front ends see it; without what carries them out */
#include <string.h>

#include "core/i18n.h"
#include "core/livemend.h"

static const struct lm_op_info infos[LM_N_OPS] = {
#define OP_CORE(...)
#define OP_SHOWN(...) __VA_ARGS__
#define OP(id, word_, core, shown) [LM_OP_##id] = { .op = LM_OP_##id, .word = #word_, shown },
#include "core/ops/op.def"
#undef OP
#undef OP_CORE
#undef OP_SHOWN
};

const struct lm_op_info *lm_op_info(enum lm_op op)
{
	return (unsigned)op < LM_N_OPS ? &infos[op] : NULL;
}

const struct lm_op_info *lm_op_find(const char *word)
{
	for (size_t i = 0; word && i < LM_N_OPS; i++) {
		if (strcmp(infos[i].word, word) == 0)
			return &infos[i];
	}
	return NULL;
}

const struct lm_op_info *lm_op_that_takes(unsigned takes)
{
	for (size_t i = 0; i < LM_N_OPS; i++) {
		if ((infos[i].takes & takes) == takes)
			return &infos[i];
	}
	return NULL;
}

const char *lm_op_word(enum lm_op op)
{
	const struct lm_op_info *info = lm_op_info(op);

	return info ? info->word : "unknown";
}
