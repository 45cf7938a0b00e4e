/* SPDX-License-Identifier: GPL-3.0-or-later */
/* place.h - whether FUSE can be used here, and a directory to mount on */
#ifndef VIEW_PLACE_H
#define VIEW_PLACE_H

/*
 * Makes an empty directory below $TMPDIR, /run or /tmp; *dir is freed with
 * free(). What a killed livemend has left mounted there is taken away first.
 */
int view_place_make(char **dir);

#endif
