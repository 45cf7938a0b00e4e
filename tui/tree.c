/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/tree.h"

#include <stdio.h>
#include <string.h>

#include "core/i18n.h"
#include "core/text.h"

#define MAX_DEPTH 12

struct path {
	const struct lm_node *nodes[MAX_DEPTH];
	int depth;
};

/* Walks in drawing order; true when line was reached, with its path. */
static bool walk(const struct lm_node *n, size_t *line, struct path *p, int depth)
{
	for (; n; n = n->next) {
		p->nodes[depth] = n;
		p->depth = depth;
		if (*line == 0)
			return true;
		--*line;
		if (n->child && depth + 1 < MAX_DEPTH && walk(n->child, line, p, depth + 1))
			return true;
	}
	return false;
}

size_t tree_lines(const struct lm_node *n)
{
	size_t count = 0;

	for (; n; n = n->next)
		count += 1 + tree_lines(n->child);
	return count;
}

const struct lm_node *tree_node(const struct lm_node *root, size_t line)
{
	struct path p = {0};

	return walk(root, &line, &p, 0) ? p.nodes[p.depth] : NULL;
}

void tree_describe(const struct lm_node *n, char *dst, size_t cap)
{
	char size[16] = "";

	if (n->size_bytes)
		text_size(size, n->size_bytes);
	snprintf(dst, cap, "%s%s%s%s%s%s%s%s", n->name ? n->name : "?", *size ? " " : "", size,
		 n->detail && *n->detail ? " " : "", n->detail ? n->detail : "",
		 n->readonly ? _(", read only") : "", n->where ? _(", at ") : "",
		 n->where ? n->where : "");
}

void tree_draw(const struct canvas *cv, int y, const struct lm_node *root, size_t line, bool focus)
{
	struct path p = {0};
	const struct lm_node *n;
	char text[512], size[16] = "";
	int x = 2, i;

	if (!walk(root, &line, &p, 0))
		return;
	n = p.nodes[p.depth];
	canvas_put(cv, y, 0, ROLE_NORMAL, focus ? ">" : " ");
	for (i = 1; i < p.depth; i++)
		x = canvas_put(cv, y, x, ROLE_RULE,
			       p.nodes[i]->next ? cv->glyphs[GLYPH_TREE_DOWN] : "  ");
	if (p.depth)
		x = canvas_put(cv, y, x, ROLE_RULE,
			       cv->glyphs[n->next ? GLYPH_TREE_MID : GLYPH_TREE_LAST]);
	if (focus)
		canvas_cursor(cv, y, x);
	if (n->size_bytes)
		text_size(size, n->size_bytes);
	snprintf(text, sizeof(text), "%s%s%s%s%s%s%s", n->name ? n->name : "?", *size ? " " : "",
		 size, n->detail && *n->detail ? " " : "", n->detail ? n->detail : "",
		 n->where ? " " : "", n->where ? n->where : "");
	canvas_clip(cv, y, x, cv->at.cols - x - 1, focus ? ROLE_FOCUS : ROLE_NORMAL, text);
}
