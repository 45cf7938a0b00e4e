/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/json.h"

#include <errno.h>

#include "cli/json_maker.h"

struct json_object *cli_json_wrap(const char *key, struct json_object *object)
{
	struct json_maker m = jm_start();

	jm_put(&m, key, object);
	return jm_end(&m);
}

int cli_json_print(FILE *f, struct json_object *object, bool one_line)
{
	const char *text = NULL;
	int flags = JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;

	if (!one_line)
		flags |= JSON_C_TO_STRING_PRETTY;
	if (object)
		text = json_object_to_json_string_ext(object, flags);
	if (text)
		fprintf(f, "%s\n", text);
	json_object_put(object);
	return text ? 0 : -ENOMEM;
}

struct json_object *cli_json_error(const struct lm_error *err)
{
	struct json_maker m = jm_start();

	jm_text(&m, "what", err->what);
	jm_text(&m, "on", err->on);
	jm_text(&m, "why", err->why);
	jm_text(&m, "help", err->help);
	jm_put(&m, "code", json_object_new_int(err->code));
	jm_put(&m, "exit_status", json_object_new_int((int)err->outcome));
	return jm_end(&m);
}

/* ------------------------------------------------------------ status -- */

static struct json_object *stick_object(const struct lm_status *s)
{
	struct json_maker m = jm_start();

	jm_text(&m, "path", s->stick.path);
	jm_text(&m, "label", s->stick.label);
	jm_text(&m, "uuid", s->stick.uuid);
	jm_text(&m, "fstype", s->stick.fstype);
	jm_text(&m, "model", s->stick.model);
	jm_u64(&m, "size_bytes", s->stick.size_bytes);
	jm_u64(&m, "free_bytes", s->stick.free_bytes);
	jm_bool(&m, "booted", s->stick.booted);
	jm_bool(&m, "readonly", s->stick.readonly);
	return jm_end(&m);
}

static struct json_object *base_object(const struct lm_status *s)
{
	struct json_maker m = jm_start();

	jm_text(&m, "path", s->base.path);
	jm_text(&m, "container", s->base.container);
	jm_text(&m, "compression", s->base.compression);
	jm_text(&m, "root", s->base.root);
	jm_text(&m, "fstype", s->base.fstype);
	jm_u64(&m, "size_sectors", s->base.size_sectors);
	jm_u64(&m, "file_bytes", s->base.file_bytes);
	jm_u64(&m, "block_bytes", s->base.block_bytes);
	return jm_end(&m);
}

static struct json_object *overlay_object(const struct lm_overlay *o)
{
	struct json_maker m = jm_start();

	jm_text(&m, "kind", lm_overlay_kind_word(o->kind));
	jm_text(&m, "path", o->path);
	jm_text(&m, "state", lm_overlay_state_word(o->state));
	jm_known(&m, "chunk_sectors", o->chunk_sectors, !o->no_figures);
	jm_known(&m, "allocated_sectors", o->allocated_sectors, !o->no_figures);
	jm_known(&m, "total_sectors", o->total_sectors, !o->no_figures);
	jm_known(&m, "metadata_sectors", o->metadata_sectors, !o->no_figures);
	jm_known(&m, "exceptions", o->exceptions, !o->no_figures);
	jm_known(&m, "dead_sectors", o->dead_sectors, o->dead_known);
	if (o->no_figures)
		jm_text(&m, "used_percent", NULL);
	else
		jm_double(&m, "used_percent", o->used_percent);
	jm_bool(&m, "attached", o->attached);
	jm_text(&m, "attached_as", o->attached_as);
	jm_u64(&m, "file_bytes", o->file_bytes);
	jm_u64(&m, "on_disk_bytes", o->on_disk_bytes);
	jm_text(&m, "trouble", o->trouble);
	return jm_end(&m);
}

static struct json_object *overlays_array(const struct lm_status *s)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; array && i < s->n_overlays; i++) {
		if (!jm_append(array, overlay_object(&s->overlays[i]))) {
			json_object_put(array);
			array = NULL;
		}
	}
	return array;
}

static struct json_object *root_object(const struct lm_status *s)
{
	static const char *const word[] = {"clean", "dirty", "errors", "unknown"};
	struct json_maker m = jm_start();

	jm_known(&m, "size_bytes", s->root.size_bytes, s->root.known);
	jm_known(&m, "free_bytes", s->root.free_bytes, s->root.known);
	jm_known(&m, "inodes", s->root.inodes, s->root.known);
	jm_known(&m, "inodes_free", s->root.inodes_free, s->root.known);
	jm_text(&m, "state", word[s->root.known ? s->root.state : LM_FS_UNKNOWN]);
	jm_bool(&m, "mounted", s->root.mounted);
	jm_text(&m, "exact", s->root.known ? lm_exact_word(s->root.exact) : NULL);
	jm_text(&m, "note", s->root.note);
	return jm_end(&m);
}

static struct json_object *home_object(const struct lm_status *s)
{
	struct json_maker m = jm_start();

	jm_text(&m, "path", s->home.path);
	jm_u64(&m, "size_bytes", s->home.size_bytes);
	jm_known(&m, "free_bytes", s->home.free_bytes, s->home.free_known);
	jm_bool(&m, "encrypted", s->home.encrypted);
	return jm_end(&m);
}

static struct json_object *ram_object(const struct lm_status *s)
{
	struct json_maker m = jm_start();

	jm_u64(&m, "size_bytes", s->ram.size_bytes);
	jm_u64(&m, "free_bytes", s->ram.free_bytes);
	return jm_end(&m);
}

static struct json_object *wall_object(const struct lm_wall *w)
{
	struct json_maker m = jm_start();

	jm_text(&m, "what", w->what);
	jm_u64(&m, "free_bytes", w->free_bytes);
	jm_known(&m, "seconds_left", (uint64_t)w->seconds_left, w->seconds_left >= 0);
	jm_text(&m, "text", w->text);
	jm_text(&m, "basis", w->basis);
	return jm_end(&m);
}

static struct json_object *boot_object(const struct lm_status *s)
{
	struct json_object *array = json_object_new_array();
	struct json_maker m = jm_start();
	char **w;

	jm_text(&m, "uses", lm_boot_uses_word(s->boot.uses));
	jm_text(&m, "loader", s->boot.loader);
	jm_text(&m, "file", s->boot.file);
	jm_text(&m, "entry", s->boot.entry);
	jm_text(&m, "overlay", s->boot.overlay);
	jm_bool(&m, "missing", s->boot.missing);
	jm_bool(&m, "reset", s->boot.reset);
	jm_bool(&m, "readonly", s->boot.readonly);
	jm_text(&m, "device", s->boot.device);
	jm_text(&m, "text", s->boot.text);
	for (w = s->boot.warnings; array && w && *w; w++) {
		if (!jm_append(array, json_object_new_string(*w))) {
			json_object_put(array);
			array = NULL;
		}
	}
	jm_put(&m, "warnings", array);
	return jm_end(&m);
}

struct json_object *cli_json_status(const struct lm_status *s)
{
	static const char *const health[] = {"healthy", "watch", "act", "broken"};
	struct json_maker m = jm_start();

	jm_put(&m, "stick", stick_object(s));
	jm_put(&m, "base", base_object(s));
	jm_put(&m, "overlays", overlays_array(s));
	jm_put(&m, "root", root_object(s));
	if (s->home.present)
		jm_put(&m, "home", home_object(s));
	else
		jm_null(&m, "home");
	if (s->ram.present)
		jm_put(&m, "ram", ram_object(s));
	else
		jm_null(&m, "ram");
	if (s->boot.text)
		jm_put(&m, "boot", boot_object(s));
	else
		jm_null(&m, "boot");
	if (s->wall_known)
		jm_put(&m, "first_wall", wall_object(&s->first_wall));
	else
		jm_null(&m, "first_wall");
	jm_text(&m, "health", health[s->health]);
	jm_text(&m, "headline", s->headline);
	jm_text(&m, "advice", s->advice);
	jm_bool(&m, "interrupted", s->interrupted);
	jm_text(&m, "interrupted_operation", s->interrupted_op);
	jm_bool(&m, "paired", s->paired);
	return jm_end(&m);
}

/* --------------------------------------------- layout, doctor, usage -- */

static struct json_object *nodes_array(const struct lm_node *node);

static struct json_object *node_object(const struct lm_node *n)
{
	struct json_maker m = jm_start();

	jm_text(&m, "name", n->name);
	jm_text(&m, "type", n->type);
	jm_text(&m, "detail", n->detail);
	jm_text(&m, "where", n->where);
	jm_u64(&m, "size_bytes", n->size_bytes);
	jm_bool(&m, "readonly", n->readonly);
	jm_put(&m, "children", nodes_array(n->child));
	return jm_end(&m);
}

static struct json_object *nodes_array(const struct lm_node *node)
{
	struct json_object *array = json_object_new_array();

	for (; array && node; node = node->next) {
		if (!jm_append(array, node_object(node))) {
			json_object_put(array);
			array = NULL;
		}
	}
	return array;
}

struct json_object *cli_json_layout(const struct lm_node *root)
{
	return cli_json_wrap("layout", nodes_array(root));
}

static struct json_object *finding_object(const struct lm_finding *f)
{
	static const char *const severity[] = {"ok", "note", "warning", "ill"};
	struct json_maker m = jm_start();

	jm_text(&m, "severity", severity[f->severity]);
	jm_text(&m, "id", f->id);
	jm_text(&m, "subject", f->subject);
	jm_text(&m, "what", f->what);
	jm_text(&m, "means", f->means);
	jm_text(&m, "remedy", f->remedy);
	jm_text(&m, "op", f->op);
	return jm_end(&m);
}

struct json_object *cli_json_report(const struct lm_report *r)
{
	struct json_object *array = json_object_new_array();
	struct json_maker m = jm_start();
	size_t i;

	for (i = 0; array && i < r->count; i++) {
		if (!jm_append(array, finding_object(&r->findings[i]))) {
			json_object_put(array);
			array = NULL;
		}
	}
	jm_bool(&m, "ill", r->ill);
	jm_put(&m, "findings", array);
	return jm_end(&m);
}

static struct json_object *entry_object(const struct lm_usage_entry *e, unsigned depth)
{
	struct json_object *array;
	struct json_maker m = jm_start();
	const struct lm_usage_entry *c;

	jm_text(&m, "name", e->name);
	jm_bool(&m, "directory", e->is_dir);
	jm_u64(&m, "overlay_bytes", e->overlay_bytes);
	jm_u64(&m, "files", e->files);
	if (!e->is_dir)
		return jm_end(&m);
	if (!depth) {
		/* Cut here by --depth; null, since there may be more. */
		jm_null(&m, "children");
		return jm_end(&m);
	}
	array = json_object_new_array();
	for (c = e->child; array && c; c = c->next) {
		if (!jm_append(array, entry_object(c, depth - 1))) {
			json_object_put(array);
			array = NULL;
		}
	}
	jm_put(&m, "children", array);
	return jm_end(&m);
}

struct json_object *cli_json_usage(const struct lm_usage *u, unsigned depth)
{
	struct json_maker m = jm_start();

	jm_u64(&m, "chunk_bytes", u->chunk_bytes);
	jm_u64(&m, "total_bytes", u->total_bytes);
	jm_u64(&m, "files_bytes", u->files_bytes);
	jm_u64(&m, "fsmeta_bytes", u->fsmeta_bytes);
	jm_u64(&m, "journal_bytes", u->journal_bytes);
	jm_u64(&m, "dead_bytes", u->dead_bytes);
	jm_u64(&m, "equal_bytes", u->equal_bytes);
	jm_u64(&m, "tables_bytes", u->tables_bytes);
	jm_u64(&m, "merge_frees_bytes", u->merge_frees_bytes);
	jm_u64(&m, "compact_frees_bytes", u->compact_frees_bytes);
	jm_text(&m, "exact", lm_exact_word(u->exact));
	jm_text(&m, "note", u->note);
	if (u->root)
		jm_put(&m, "tree", entry_object(u->root, depth));
	else
		jm_null(&m, "tree");
	return jm_end(&m);
}
