/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/report/usage.h"

static struct lm_usage_entry *new_entry(struct lm_usage_entry *parent, const char *name, size_t len)
{
	struct lm_usage_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->name = strndup(name, len);
	if (!e->name) {
		free(e);
		return NULL;
	}
	e->parent = parent;
	if (parent) {
		e->next = parent->child;
		parent->child = e;
		parent->is_dir = true;
	}
	return e;
}

static void free_tree(struct lm_usage_entry *e)
{
	while (e) {
		struct lm_usage_entry *next = e->next;

		free_tree(e->child);
		free(e->name);
		free(e);
		e = next;
	}
}

/* By components: what is below a directory follows it at once. */
static int by_path(const void *a, const void *b)
{
	const unsigned char *x = (const unsigned char *)((const struct usage_path *)a)->path;
	const unsigned char *y = (const unsigned char *)((const struct usage_path *)b)->path;

	while (*x && *x == *y) {
		x++;
		y++;
	}
	return (*x == '/' ? 1 : *x ? *x + 1 : 0) - (*y == '/' ? 1 : *y ? *y + 1 : 0);
}

/* The entry of path; as paths come sorted, it is new or the last child made. */
static struct lm_usage_entry *place(struct lm_usage_entry *root, const char *path)
{
	struct lm_usage_entry *e = root;

	while (e && *path) {
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 0)
			break;
		if (e->child && strncmp(e->child->name, path, len) == 0 && !e->child->name[len])
			e = e->child;
		else
			e = new_entry(e, path, len);
		path += len;
	}
	return e;
}

static int by_size(const void *a, const void *b)
{
	const struct lm_usage_entry *x = *(struct lm_usage_entry *const *)a;
	const struct lm_usage_entry *y = *(struct lm_usage_entry *const *)b;

	if (x->overlay_bytes != y->overlay_bytes)
		return x->overlay_bytes < y->overlay_bytes ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* Sums up and sorts; false without memory. As deep as the deepest path. */
static bool finish(struct lm_usage_entry *e)
{
	struct lm_usage_entry *c, **list;
	size_t n = 0, i = 0;

	e->files = e->is_dir ? 0 : 1;
	for (c = e->child; c; c = c->next) {
		if (!finish(c))
			return false;
		e->overlay_bytes += c->overlay_bytes;
		e->files += c->files;
		n++;
	}
	if (n < 2)
		return true;
	list = calloc(n, sizeof(*list));
	if (!list)
		return false;
	for (c = e->child; c; c = c->next)
		list[i++] = c;
	qsort(list, n, sizeof(*list), by_size);
	e->child = list[0];
	for (i = 0; i < n; i++)
		list[i]->next = i + 1 < n ? list[i + 1] : NULL;
	free(list);
	return true;
}

struct lm_usage_entry *usage_tree(struct usage_path *paths, size_t count)
{
	struct lm_usage_entry *root = new_entry(NULL, "/", 1);
	size_t i;

	if (!root)
		return NULL;
	root->is_dir = true;
	if (count > 0)
		qsort(paths, count, sizeof(*paths), by_path);
	for (i = 0; i < count; i++) {
		struct lm_usage_entry *e = place(root, paths[i].path);

		if (!e)
			goto no_memory;
		e->overlay_bytes += paths[i].bytes;
		e->is_dir |= paths[i].is_dir;
	}
	if (finish(root))
		return root;
no_memory:
	free_tree(root);
	return NULL;
}

void lm_usage_free(struct lm_usage *usage)
{
	if (!usage)
		return;
	free_tree(usage->root);
	free(usage);
}
