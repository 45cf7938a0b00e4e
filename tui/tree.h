/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tree.h - the device layout as lines */
#ifndef TUI_TREE_H
#define TUI_TREE_H

#include "core/livemend.h"
#include "tui/canvas.h"

/* How many lines the tree has. */
size_t tree_lines(const struct lm_node *root);
/* The node of a line; NULL past the end. */
const struct lm_node *tree_node(const struct lm_node *root, size_t line);
/* Draws line number line of the tree at row y. */
void tree_draw(const struct canvas *cv, int y, const struct lm_node *root, size_t line, bool focus);
/* All that is known of a node, in one line. */
void tree_describe(const struct lm_node *node, char *dst, size_t cap);

#endif
