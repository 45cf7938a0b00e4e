/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advice.c - see advice.h */
#include "core/report/advice.h"

#include "core/i18n.h"

/* What recover mends; all else would be guessing. */
static void advice_problem(void *arg, const struct cow_problem *p)
{
	bool *beyond = arg;

	if (!p->harmless && p->fault != COW_FAULT_TRUNCATED && p->fault != COW_FAULT_INVALID)
		*beyond = true;
}

struct advice advice_damaged(struct cow_store *store)
{
	bool beyond = false;

	if (!store)
		return (struct advice){
			_("Run livemend as root; else look whether the file is there."),
			NULL,
		};
	if (cow_store_check(store, advice_problem, &beyond, NULL) >= 0 && !beyond)
		return (struct advice){
			_("If there is a copy of the whole overlay file, put it back. Else "
			  "livemend "
			  "recover makes it usable with what is left."),
			"recover",
		};
	return (struct advice){
		_("If there is an older copy of the overlay file, put it back. Else keep a copy of "
		  "this one on another disk; livemend reset starts without it, and all changes are "
		  "lost then."),
		NULL,
	};
}

struct advice advice_full(const struct fs *fs)
{
	/* A repair is written to the overlay, and there it finds no room. */
	if (fs && fs_info(fs)->readable && fs_info(fs)->state != LM_FS_CLEAN)
		return (struct advice){
			_("Recover it: the overlay is made a little larger, so that its file "
			  "system "
			  "can be repaired. Then merge."),
			"recover",
		};
	return (struct advice){
		_("Merge the overlay into the root image; that empties it."),
		"merge",
	};
}

struct advice advice_fs_errors(void)
{
	return (struct advice){
		_("livemend recover repairs it; a merge begins with that, too."),
		"recover",
	};
}

struct advice advice_fs_dirty(void)
{
	return (struct advice){
		_("Start it once, or merge the overlay: both put that right."),
		"merge",
	};
}

struct advice advice_unpaired(void)
{
	return (struct advice){
		_("Do not start the system from it; put back the root image that the overlay was "
		  "made for."),
		NULL,
	};
}
