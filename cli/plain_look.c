/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plain_look.c - status, layout, doctor and log, in words */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plain.h"
#include "cli/show.h"
#include "core/i18n.h"
#include "core/text.h"

/* ------------------------------------------------------------ status -- */

static unsigned percent(uint64_t size, uint64_t free_now)
{
	return size && free_now <= size ? (unsigned)((size - free_now) * 100 / size) : 0;
}

static void overlay(struct plain *p, const struct lm_overlay *o)
{
	char used[16], total[16], left[16], dead[16], tables[16];

	plain_say(p, 0, _("Overlay: %s, state %s."), o->path ? o->path : "-",
		lm_overlay_state_word(o->state));
	if (o->no_figures) {
		plain_say(p, 2, "%s", _("How full it is is not known."));
	} else if (o->total_sectors) {
		uint64_t room = o->allocated_sectors < o->total_sectors ?
					o->total_sectors - o->allocated_sectors : 0;

		/* Rounded down: 100 is what is full, not what is nearly so. */
		plain_say(p, 2, _("%u percent in use: %s of %s. Free: %s. Tables: %s."),
			(unsigned)o->used_percent, text_size(used, o->allocated_sectors * 512),
			text_size(total, o->total_sectors * 512), text_size(left, room * 512),
			text_size(tables, o->metadata_sectors * 512));
		if (o->dead_known)
			plain_say(p, 2, _("Dead: %s."),
				text_size(dead, o->dead_sectors * 512));
		plain_say(p, 2, _("In the kernel's figures: %llu/%llu %llu sectors."),
			(unsigned long long)o->allocated_sectors,
			(unsigned long long)o->total_sectors,
			(unsigned long long)o->metadata_sectors);
	}
	if (o->attached_as)
		plain_say(p, 2, _("In use as %s."), o->attached_as);
	out_wrap(p->out, 2, 2, o->trouble);
}

static void room(struct plain *p, const char *what, uint64_t size, uint64_t free_now,
		 const char *note)
{
	char total[16], left[16];

	plain_say(p, 0, _("%s: %u percent in use, %s free of %s%s%s."), what,
		percent(size, free_now), text_size(left, free_now), text_size(total, size),
		note && *note ? ", " : "", note ? note : "");
}

static void root(struct plain *p, const struct lm_status *s)
{
	static const char *const state[] = {N_("clean"), N_("dirty: was not unmounted"),
					    N_("has errors"), N_("not known")};

	if (!s->root.known) {
		plain_say(p, 0, "%s", _("Root file system: cannot be read."));
		return;
	}
	room(p, _("Root file system"), s->root.size_bytes, s->root.free_bytes,
	     s->root.mounted && s->root.state == LM_FS_DIRTY ? _("in use")
							     : _(state[s->root.state]));
	plain_say(p, 2, _("Files that can still be made: %llu of %llu."),
		(unsigned long long)s->root.inodes_free, (unsigned long long)s->root.inodes);
	out_wrap(p->out, 2, 2, s->root.note);
}

static void wall(struct plain *p, const struct lm_status *s)
{
	char size[16], when[32];

	if (!s->wall_known)
		return;
	if (s->first_wall.seconds_left >= 0)
		plain_say(p, 0, _("First wall: %s (%s), after %s more, in about %s."),
			s->first_wall.text, s->first_wall.what,
			text_size(size, s->first_wall.free_bytes),
			text_duration(when, (uint64_t)s->first_wall.seconds_left));
	else
		plain_say(p, 0, _("First wall: %s (%s), after %s more."), s->first_wall.text,
			s->first_wall.what, text_size(size, s->first_wall.free_bytes));
}

static void say_status(struct plain *p, const struct lm_status *s)
{
	static const char *const word[] = {N_("HEALTHY"), N_("WATCH"), N_("ACT"), N_("BROKEN")};
	char size[16];
	size_t i;

	plain_say(p, 0, _("Stick: %s, %s%s%s."), s->stick.path,
		s->stick.label && *s->stick.label ? s->stick.label : _("without a label"),
		s->stick.model && *s->stick.model ? ", " : "",
		s->stick.model ? s->stick.model : "");
	if (s->stick.booted)
		plain_say(p, 0, "%s", _("It is the running system's."));
	plain_line(p, _(word[s->health]), s->headline);
	plain_line(p, _("What to do:"), s->advice);
	wall(p, s);
	for (i = 0; i < s->n_overlays; i++)
		if (s->overlays[i].kind != LM_OVERLAY_NONE)
			overlay(p, &s->overlays[i]);
	root(p, s);
	room(p, _("Stick"), s->stick.size_bytes, s->stick.free_bytes,
	     s->stick.readonly ? _("read-only") : s->stick.fstype);
	if (s->home.present && s->home.free_known)
		room(p, _("Home"), s->home.size_bytes, s->home.free_bytes, s->home.path);
	if (s->ram.present)
		room(p, _("RAM"), s->ram.size_bytes, s->ram.free_bytes,
		     _("changes are lost at power-off"));
	if (s->base.path)
		plain_say(p, 0, _("Image: %s, %s."), s->base.path,
			text_size(size, s->base.file_bytes));
}

int plain_status(struct plain *p)
{
	struct lm_status *status;
	struct lm_error err = {0};
	int outcome;

	if (!plain_has_stick(p))
		return p->open_err.outcome ? (int)p->open_err.outcome : LM_UNCHANGED;
	if (lm_status_read(p->stick, 0, &status, &err)) {
		plain_error(p, &err);
		return err.outcome ? (int)err.outcome : LM_UNCHANGED;
	}
	say_status(p, status);
	outcome = status_outcome(status);
	lm_status_free(status);
	return outcome;
}

/* ------------------------------------------------------------ layout -- */

/* "1.2.1  squashfs.img: image, 12 MiB, read-only": no lines to be looked along. */
static void node(struct plain *p, const struct lm_node *n, const char *above)
{
	char number[64], size[16];
	int i;

	for (i = 1; n; n = n->next, i++) {
		snprintf(number, sizeof(number), "%s%s%d", above, *above ? "." : "", i);
		fprintf(p->out->f, "%s  %s: %s", number, n->name, n->type);
		if (n->detail && *n->detail)
			fprintf(p->out->f, ", %s", n->detail);
		if (n->size_bytes)
			fprintf(p->out->f, ", %s", text_size(size, n->size_bytes));
		if (n->readonly)
			fprintf(p->out->f, ", %s", _("read-only"));
		if (n->where && *n->where)
			fprintf(p->out->f, ", %s", n->where);
		fputc('\n', p->out->f);
		node(p, n->child, number);
	}
}

void plain_layout(struct plain *p)
{
	struct lm_node *tree = NULL;
	struct lm_error err = {0};

	if (lm_layout_read(p->stick, &tree, &err)) {
		plain_error(p, &err);
		return;
	}
	plain_say(p, 0, "%s", _("Layout. 1.2 lies in 1:"));
	node(p, tree, "");
	lm_layout_free(tree);
}

/* ------------------------------------------------------------ doctor -- */

static void findings(struct plain *p, const struct lm_report *report)
{
	static const char *const word[] = {N_("ok"), N_("note"), N_("warning"), N_("ILL")};
	size_t i;

	for (i = 0; i < report->count; i++) {
		const struct lm_finding *f = &report->findings[i];
		char *line = text_format("%s: %s%s%s", _(word[f->severity]),
					 f->subject ? f->subject : "", f->subject ? ": " : "",
					 f->what);

		if (line)
			plain_item(p, (int)i + 1, line);
		free(line);
	}
	fprintf(p->out->f, "%s\n",
		report->ill ? _("Something needs attention.") : _("All is well."));
}

static void explain(struct plain *p, const struct lm_report *report)
{
	int i;

	for (;;) {
		i = plain_choose(p, _("Number of a finding, for what it means (Enter goes back): "),
				 (int)report->count, NULL);
		if (i < 0)
			return;
		plain_line(p, _("It means:"), report->findings[i - 1].means ?
						     report->findings[i - 1].means :
						     _("all is well there."));
		plain_line(p, _("What helps:"), report->findings[i - 1].remedy);
		plain_line(p, _("The command for it:"), report->findings[i - 1].op);
	}
}

void plain_doctor(struct plain *p)
{
	struct lm_report *report = NULL;
	struct lm_error err = {0};
	struct lm_watch watch;
	int rc;

	plain_say(p, 0, "%s", _("Looking at everything; nothing is changed ..."));
	fflush(p->out->f);
	cli_watch_start(p->cli, &watch);
	rc = lm_doctor(p->stick, 0, &watch, &report, &err);
	cli_watch_end(p->cli);
	if (rc) {
		plain_error(p, &err);
		return;
	}
	findings(p, report);
	explain(p, report);
	lm_report_free(report);
}

/* --------------------------------------------------------------- log -- */

static void save_log(struct plain *p, const char *text)
{
	char name[128];
	FILE *f;
	int bad;

	if (!plain_ask(p, _("File to write it to (Enter: none): "), name, sizeof(name)) || !name[0])
		return;
	f = fopen(name, "wxe");
	bad = !f || fputs(text, f) < 0;
	if (f && fclose(f))
		bad = 1;
	if (bad)
		plain_say(p, 0, _("Writing it failed: %s"), strerror(errno));
	else
		plain_say(p, 0, _("Written: %s"), name);
}

void plain_log(struct plain *p)
{
	struct lm_error err = {0};
	char *text = NULL;

	if (lm_journal_read(p->stick, &text, &err)) {
		plain_error(p, &err);
		return;
	}
	if (!text || !*text) {
		plain_say(p, 0, "%s", _("Nothing has been done on this stick yet."));
	} else {
		fputs(text, p->out->f);
		if (plain_choose(p, _("s saves it to a file, Enter goes back: "), 0, "s") ==
		    PLAIN_LETTER('s'))
			save_log(p, text);
	}
	free(text);
}
