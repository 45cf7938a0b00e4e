/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON that other programs rely on, rendered from literal structs and parsed again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "cli/json.h"

const char *lm_exact_word(enum lm_exact exact)
{
	return exact == LM_EXACT ? "exact" : "about";
}

const char *lm_boot_uses_word(enum lm_boot_uses uses)
{
	(void)uses;
	return "overlay";
}

const char *lm_overlay_kind_word(enum lm_overlay_kind kind)
{
	return kind == LM_OVERLAY_DM_SNAPSHOT ? "dm-snapshot" : "none";
}

const char *lm_overlay_state_word(enum lm_overlay_state state)
{
	return state == LM_STATE_FULL ? "full" : "active";
}

static struct json_object *get(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(o, key, &value))
		fail_msg("no key %s", key);
	return value;
}

static const char *text(struct json_object *o, const char *key)
{
	return json_object_get_string(get(o, key));
}

static uint64_t number(struct json_object *o, const char *key)
{
	assert_int_equal(json_object_get_type(get(o, key)), json_type_int);
	return json_object_get_uint64(get(o, key));
}

/* Prints and parses, so that what a reader sees is tested. Takes the reference. */
static struct json_object *round_trip(struct json_object *object)
{
	struct json_object *again;
	char *buf = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&buf, &size);

	assert_non_null(object);
	assert_int_equal(cli_json_print(f, object, true), 0);
	assert_int_equal(fclose(f), 0);
	assert_ptr_equal(strchr(buf, '\n'), buf + size - 1);
	again = json_tokener_parse(buf);
	if (!again)
		fail_msg("no JSON: %s", buf);
	free(buf);
	return again;
}

static void fill(struct lm_status *s, struct lm_overlay *o)
{
	static char path[] = "/dev/sdb1", label[] = "LI\"VE", base[] = "LiveOS/squashfs.img";
	static char squashfs[] = "squashfs", what[] = "overlay";

	memset(s, 0, sizeof(*s));
	memset(o, 0, sizeof(*o));
	s->stick.path = path;
	s->stick.label = label;
	s->stick.size_bytes = 30 * (1ull << 30);
	s->base.path = base;
	s->base.container = squashfs;
	s->base.size_sectors = 13107200;
	o->kind = LM_OVERLAY_DM_SNAPSHOT;
	o->state = LM_STATE_FULL;
	o->allocated_sectors = 98272;
	o->total_sectors = 196608;
	o->metadata_sectors = 392;
	o->exceptions = 12235;
	o->chunk_sectors = 8;
	o->used_percent = 100.0 * 98272 / 196608;
	s->overlays = o;
	s->n_overlays = 1;
	s->root.known = true;
	s->root.inodes = 400000;
	s->root.state = LM_FS_DIRTY;
	s->wall_known = true;
	s->first_wall.what = what;
	s->first_wall.free_bytes = UINT64_C(0xFFFFFFFFFFFFFFFF);
	s->first_wall.seconds_left = -1;
}

static void status_has_the_keys_of_the_contract(void **state)
{
	static const char *const stick[] = {"path",       "label",      "uuid",  "fstype",
					    "size_bytes", "free_bytes", "booted"};
	static const char *const base[] = {"path", "container", "compression",
					   "root", "fstype",    "size_sectors"};
	static const char *const overlay[] = {"kind",
					      "path",
					      "state",
					      "chunk_sectors",
					      "allocated_sectors",
					      "total_sectors",
					      "metadata_sectors",
					      "exceptions",
					      "dead_sectors",
					      "used_percent",
					      "attached",
					      "attached_as"};
	static const char *const root[] = {"size_bytes", "free_bytes", "inodes", "inodes_free"};
	struct lm_status s;
	struct lm_overlay o;
	struct json_object *j, *list;
	size_t i;

	(void)state;
	fill(&s, &o);
	j = round_trip(cli_json_status(&s));
	for (i = 0; i < sizeof(stick) / sizeof(*stick); i++)
		get(get(j, "stick"), stick[i]);
	for (i = 0; i < sizeof(base) / sizeof(*base); i++)
		get(get(j, "base"), base[i]);
	for (i = 0; i < sizeof(root) / sizeof(*root); i++)
		get(get(j, "root"), root[i]);
	list = get(j, "overlays");
	assert_int_equal(json_object_get_type(list), json_type_array);
	assert_int_equal(json_object_array_length(list), 1);
	for (i = 0; i < sizeof(overlay) / sizeof(*overlay); i++)
		get(json_object_array_get_idx(list, 0), overlay[i]);
	json_object_put(j);
}

static void status_has_the_values(void **state)
{
	struct lm_status s;
	struct lm_overlay o;
	struct json_object *j, *overlay;

	(void)state;
	fill(&s, &o);
	j = round_trip(cli_json_status(&s));
	assert_string_equal(text(get(j, "stick"), "label"), "LI\"VE");
	assert_null(get(get(j, "stick"), "uuid"));
	assert_int_equal(number(get(j, "stick"), "size_bytes"), 30 * (1ull << 30));
	overlay = json_object_array_get_idx(get(j, "overlays"), 0);
	assert_string_equal(text(overlay, "kind"), "dm-snapshot");
	assert_string_equal(text(overlay, "state"), "full");
	assert_int_equal(number(overlay, "allocated_sectors"), 98272);
	assert_int_equal(number(overlay, "metadata_sectors"), 392);
	assert_string_equal(text(overlay, "used_percent"), "49.98");
	/* Not known is null, never a zero that looks like a figure. */
	assert_null(get(overlay, "dead_sectors"));
	assert_null(get(overlay, "attached_as"));
	assert_int_equal(json_object_get_type(get(overlay, "attached")), json_type_boolean);
	assert_int_equal(number(get(j, "root"), "inodes"), 400000);
	assert_string_equal(text(get(j, "root"), "state"), "dirty");
	assert_null(get(j, "home"));
	assert_int_equal(number(get(j, "first_wall"), "free_bytes"), UINT64_C(0xFFFFFFFFFFFFFFFF));
	assert_null(get(get(j, "first_wall"), "seconds_left"));
	json_object_put(j);

	/* Of what is damaged nothing is known. */
	o.no_figures = true;
	j = round_trip(cli_json_status(&s));
	overlay = json_object_array_get_idx(get(j, "overlays"), 0);
	assert_null(get(overlay, "chunk_sectors"));
	assert_null(get(overlay, "allocated_sectors"));
	assert_null(get(overlay, "total_sectors"));
	assert_null(get(overlay, "metadata_sectors"));
	assert_null(get(overlay, "exceptions"));
	assert_null(get(overlay, "used_percent"));
	json_object_put(j);

	o.no_figures = false;
	o.dead_known = true;
	o.dead_sectors = 80;
	s.root.known = false;
	s.home.present = true;
	s.home.size_bytes = 77;
	s.home.encrypted = true;
	s.first_wall.seconds_left = 300;
	j = round_trip(cli_json_status(&s));
	overlay = json_object_array_get_idx(get(j, "overlays"), 0);
	assert_int_equal(number(overlay, "dead_sectors"), 80);
	assert_null(get(get(j, "root"), "size_bytes"));
	assert_string_equal(text(get(j, "root"), "state"), "unknown");
	assert_int_equal(number(get(j, "home"), "size_bytes"), 77);
	assert_null(get(get(j, "home"), "free_bytes"));
	assert_true(json_object_get_boolean(get(get(j, "home"), "encrypted")));
	assert_int_equal(number(get(j, "first_wall"), "seconds_left"), 300);
	s.wall_known = false;
	json_object_put(j);
	j = round_trip(cli_json_status(&s));
	assert_null(get(j, "first_wall"));
	json_object_put(j);
}

static void error_is_complete(void **state)
{
	struct lm_error err = {
		.code = -5, .outcome = LM_REFUSED, .what = "W", .on = "O", .why = "Y", .help = "H"};
	struct json_object *j, *e;

	(void)state;
	j = round_trip(cli_json_wrap("error", cli_json_error(&err)));
	e = get(j, "error");
	assert_string_equal(text(e, "what"), "W");
	assert_string_equal(text(e, "on"), "O");
	assert_string_equal(text(e, "why"), "Y");
	assert_string_equal(text(e, "help"), "H");
	assert_int_equal(json_object_get_int(get(e, "code")), -5);
	assert_int_equal(number(e, "exit_status"), 3);
	json_object_put(j);
	/* Memory that ran out inside spoils the whole. */
	assert_null(cli_json_wrap("error", NULL));
}

static void usage_is_cut_at_the_depth(void **state)
{
	static char slash[] = "/", var[] = "var", file[] = "big";
	struct lm_usage_entry leaf = {.name = file, .overlay_bytes = 4096, .files = 1};
	struct lm_usage_entry dir = {
		.name = var, .is_dir = true, .overlay_bytes = 4096, .files = 1, .child = &leaf};
	struct lm_usage_entry root = {
		.name = slash, .is_dir = true, .overlay_bytes = 4096, .files = 1, .child = &dir};
	struct lm_usage u = {.root = &root, .dead_bytes = 8192, .merge_frees_bytes = 12288};
	struct json_object *j, *children;

	(void)state;
	j = round_trip(cli_json_usage(&u, 1));
	assert_int_equal(number(j, "dead_bytes"), 8192);
	children = get(get(j, "tree"), "children");
	assert_int_equal(json_object_array_length(children), 1);
	assert_null(get(json_object_array_get_idx(children, 0), "children"));
	json_object_put(j);
	j = round_trip(cli_json_usage(&u, 2));
	children = get(get(j, "tree"), "children");
	children = get(json_object_array_get_idx(children, 0), "children");
	assert_string_equal(text(json_object_array_get_idx(children, 0), "name"), "big");
	json_object_put(j);
}

static void plan_progress_and_result(void **state)
{
	static char title[] = "Write the new image", command[] = "mksquashfs ...", why[] = "so";
	char *commands[] = {command, NULL};
	struct lm_step step = {.id = "build",
			       .title = title,
			       .why = why,
			       .commands = commands,
			       .cancellable = true};
	struct lm_need need = {.where = title, .need_bytes = 5, .ok = true};
	struct lm_plan plan = {.op = LM_OP_MERGE,
			       .title = title,
			       .steps = &step,
			       .n_steps = 1,
			       .needs = &need,
			       .n_needs = 1,
			       .possible = true};
	struct lm_progress now = {.state = LM_JOB_RUNNING,
				  .n_steps = 1,
				  .done_bytes = 3,
				  .total_bytes = 9,
				  .eta_seconds = -1};
	struct lm_result result = {.outcome = LM_RESUMABLE, .error.code = -5};
	struct json_object *j, *p;

	(void)state;
	j = round_trip(cli_json_plan(&plan));
	assert_false(json_object_object_get_ex(j, "error", NULL));
	p = get(j, "plan");
	assert_string_equal(text(p, "operation"), "merge");
	assert_null(get(p, "destroys"));
	p = json_object_array_get_idx(get(p, "steps"), 0);
	assert_string_equal(
		json_object_get_string(json_object_array_get_idx(get(p, "commands"), 0)),
		"mksquashfs ...");
	p = json_object_array_get_idx(get(get(j, "plan"), "needs"), 0);
	assert_null(get(p, "file_limit_bytes"));
	json_object_put(j);

	plan.possible = false;
	plan.refusal.code = -28;
	plan.refusal.outcome = LM_REFUSED;
	j = round_trip(cli_json_plan(&plan));
	assert_int_equal(json_object_get_int(get(get(j, "error"), "code")), -28);
	json_object_put(j);

	j = round_trip(cli_json_progress(&plan, &now));
	p = get(j, "progress");
	assert_int_equal(number(p, "step"), 1);
	assert_string_equal(text(p, "id"), "build");
	assert_string_equal(text(p, "state"), "running");
	assert_null(get(p, "eta_seconds"));
	assert_null(get(p, "question"));
	json_object_put(j);
	now.step = 7; /* a snapshot may be odd, a reader must not crash */
	j = round_trip(cli_json_progress(&plan, &now));
	assert_null(get(get(j, "progress"), "title"));
	json_object_put(j);

	j = round_trip(cli_json_result(&plan, &result));
	assert_string_equal(text(get(j, "result"), "outcome"), "resumable");
	assert_int_equal(number(get(j, "result"), "exit_status"), 5);
	assert_int_equal(json_object_get_int(get(get(j, "error"), "code")), -5);
	json_object_put(j);
}

/* Figures from a damaged stick may be of any size; what is printed is the number that it is. */
static void large_numbers_are_whole(void **state)
{
	static const double list[] = {1.7976931348623157e308, -1e200, 1.7e19, 0.5};
	struct lm_plan plan = {.title = NULL};
	struct lm_progress progress = {.step = 0};
	struct json_object *o;

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		progress.bytes_per_second = list[i];
		o = round_trip(cli_json_progress(&plan, &progress));
		assert_true(json_object_get_double(get(get(o, "progress"), "bytes_per_second")) ==
			    list[i]);
		json_object_put(o);
	}
}

static void layout_is_a_tree(void **state)
{
	static char a[] = "sdb1", b[] = "squashfs.img", c[] = "overlay";
	struct lm_node second = {.name = c}, first = {.name = b, .next = &second};
	struct lm_node root = {.name = a, .child = &first, .readonly = true};
	struct json_object *j, *n;

	(void)state;
	j = round_trip(cli_json_layout(&root));
	n = json_object_array_get_idx(get(j, "layout"), 0);
	assert_string_equal(text(n, "name"), "sdb1");
	assert_int_equal(json_object_array_length(get(n, "children")), 2);
	json_object_put(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_has_the_keys_of_the_contract),
		cmocka_unit_test(status_has_the_values),
		cmocka_unit_test(error_is_complete),
		cmocka_unit_test(usage_is_cut_at_the_depth),
		cmocka_unit_test(plan_progress_and_result),
		cmocka_unit_test(large_numbers_are_whole),
		cmocka_unit_test(layout_is_a_tree),
	};

	return cmocka_run_group_tests_name("cli_json", tests, NULL, NULL);
}
