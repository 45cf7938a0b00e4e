/* SPDX-License-Identifier: GPL-3.0-or-later */
/* words.c - the names of operations, as commands and in the journal; never translated */
#include "core/livemend.h"

const char *lm_op_word(enum lm_op op)
{
	switch (op) {
	case LM_OP_EXPORT:
		return "export";
	case LM_OP_MERGE:
		return "merge";
	case LM_OP_RESET:
		return "reset";
	case LM_OP_RESUME:
		return "resume";
	case LM_OP_PRACTICE:
		return "practice";
	case LM_OP_RECOVER:
		return "recover";
	case LM_OP_COMPACT:
		return "compact";
	case LM_OP_GROW:
		return "grow";
	}
	return "unknown";
}
