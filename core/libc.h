/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libc.h - calls of the kernel's for which a C library may have no name yet (musl before 1.2.5)
 */
#ifndef LM_LIBC_H
#define LM_LIBC_H

#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef HAVE_RENAMEAT2
#define RENAME_NOREPLACE 1u
#define RENAME_EXCHANGE  2u
static inline int renameat2(int from_dir, const char *from, int to_dir, const char *to,
			    unsigned flags)
{
	return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}
#endif

#ifndef HAVE_STATX
#include <linux/stat.h>
static inline int statx(int dir, const char *path, int flags, unsigned mask, struct statx *st)
{
	return (int)syscall(SYS_statx, dir, path, flags, mask, st);
}
#endif

#endif
