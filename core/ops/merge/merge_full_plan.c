/* SPDX-License-Identifier: GPL-3.0-or-later */
/* merge_full_plan.c - the methods mirror and snapshot-merge in a plan: what they need, and do */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/dm/device.h"
#include "core/dm/engine.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/merge/merge_full.h"
#include "core/ops/merge/mksquashfs.h"
#include "core/text.h"

static void add_help(struct lm_error *err, const char *text)
{
	size_t n = err ? strlen(err->help) : 0;

	if (err)
		snprintf(err->help + n, sizeof(err->help) - n, "%s%s", n ? " " : "", text);
}

int merge_full_refusal(struct merge *m, const struct lm_options *o, struct lm_error *err)
{
	static const char *const mirror[] = { "mirror", NULL };
	static const char *const merge[] = { "snapshot-merge", NULL };
	bool is_mirror = o->method == LM_METHOD_MIRROR;
	enum lm_engine engine = LM_ENGINE_KERNEL;
	struct mksquashfs mk;
	int ret;

	ret = dm_engine_choose(m->s->ctx, LM_ENGINE_KERNEL, is_mirror ? mirror : merge, &engine,
			       err);
	if (ret == 0 && engine != LM_ENGINE_KERNEL) {
		/* What stands against it, in the kernel's words; or it was asked for. */
		ret = dm_engine_possible(m->s->ctx, is_mirror ? mirror : merge, err);
		if (ret == 0)
			ret = lm_refuse(err, -EINVAL, NULL,
					_("Use --engine kernel, or the method rewrite, which needs "
					  "no device-mapper."),
					_("it is work of the kernel's device-mapper, and --engine "
					  "direct does without"),
					"%s", _("This way of merging is not available"));
	}
	if (ret < 0) {
		add_help(err, _("The method rewrite (the default) needs neither root nor "
				"device-mapper."));
		return ret;
	}
	if (!m->s->bare) {
		ret = mksquashfs_find(&mk, err);
		if (ret < 0)
			return ret;
	}
	if (o->work)
		return 0;
	return lm_refuse(err, -EINVAL, NULL,
			 _("Give a folder on another disk with --work DIR; or use the method rewrite "
			   "(the default), which never needs room for a whole root image."),
			 is_mirror ? _("it copies the whole root image, unpacked, and there must be "
				       "room for that") :
				     _("it copies the whole root image, unpacked, and the overlay, "
				       "and there must be room for both"),
			 "%s", _("This way of merging needs a work folder"));
}

uint64_t merge_full_room(const struct merge *m, const struct stick_look *look)
{
	uint64_t bytes = look->base->size_bytes;

	/* A bare image is its own copy: it is not needed twice. */
	if (m->s->bare)
		bytes = 0;
	if (m->s->rec.merge.method == LM_METHOD_SNAPSHOT_MERGE && look->store)
		bytes += cow_store_info(look->store)->file_bytes;
	return bytes;
}

static struct lm_step *step(struct lm_plan *plan, const char *id, const char *title,
			    const char *why, plan_step_fn fn, uint64_t bytes)
{
	struct lm_step *s = plan_step(plan, id, title, why, fn);

	s->work_bytes = bytes;
	s->cancellable = true;
	s->undo = text_dup(_("the files in the work folder are deleted; nothing else was touched"));
	return s;
}

static void say_mirror(struct merge *m, struct lm_plan *plan, const struct stick_look *look)
{
	uint64_t sectors = look->base->size_bytes / 512;
	struct lm_step *s;

	s = step(plan, "mirror", _("Copy the merged device to the work folder"),
		 _("The kernel shows image and overlay as one device, read-only, and dm-mirror copies "
		   "it. Errors are heeded, and it stops when nothing moves."),
		 merge_step_mirror, sectors * 512);
	plan_command(s, "losetup -r -f --show ROOT; losetup -r -f --show %s", m->s->overlay);
	plan_command(s,
		     "dmsetup create ori --readonly --table '0 %llu snapshot /dev/loopA /dev/loopB "
		     "PO %u'",
		     (unsigned long long)sectors,
		     look->store ? cow_store_info(look->store)->chunk_sectors : 8);
	plan_command(s, "fallocate -l %llu %s/ROOT && losetup -f --show %s/ROOT",
		     (unsigned long long)look->base->size_bytes, m->s->work_path, m->s->work_path);
	plan_command(s,
		     "dmsetup create mir --table '0 %llu mirror core 1 %u 2 /dev/mapper/ori 0 "
		     "/dev/loopC 0 1 handle_errors'",
		     (unsigned long long)sectors, DM_MIRROR_REGION_SECTORS);
	plan_command(s, "dmsetup status mir    # until done/total are equal, all letters A");
	s->reads = text_dup(_("image and overlay, through the kernel"));
	s->writes = text_dup(m->s->work_path);
}

static void say_merge(struct merge *m, struct lm_plan *plan, const struct stick_look *look)
{
	uint64_t cow = look->store ? cow_store_info(look->store)->file_bytes : 0;
	struct lm_step *s;

	s = step(plan, "copy-base", _("Copy root image and overlay to the work folder"),
		 _("The kernel's merge empties the overlay that it merges, so it works on copies, "
		   "never on the only one."),
		 merge_step_copies, look->base->size_bytes + 2 * cow);
	plan_command(s, "cp ROOT %s/ROOT; cp %s %s/OVERLAY", m->s->work_path, m->s->overlay,
		     m->s->work_path);
	s->reads = text_dup(_("image and overlay"));
	s->writes = text_dup(m->s->work_path);
	s = step(plan, "snapshot-merge", _("Let the kernel merge the copies"),
		 _("dm-snapshot-merge writes the changed chunks into the copy of the root image. Cut "
		   "off, it goes on where it was."),
		 merge_step_kernel, cow);
	plan_command(s,
		     "dmsetup create merged --table '0 %llu snapshot-merge /dev/loopA /dev/loopB PO "
		     "%u'",
		     (unsigned long long)look->base->size_bytes / 512,
		     look->store ? cow_store_info(look->store)->chunk_sectors : 8);
	plan_command(s, "dmsetup status merged    # until the first and last figure are equal");
	s->reads = text_dup(_("the copies"));
	s->writes = text_dup(_("the copies"));
	free(s->undo);
	s->undo = text_dup(_("the copies are deleted; or `livemend resume` goes on"));
}

/* Compressing takes many times as long as copying: in bytes that would be copied meanwhile. */
static uint64_t pack_effort(const struct stick_look *look)
{
	static const struct {
		const char *compression;
		unsigned times;
	} list[] = { { "xz", 12 }, { "lzma", 12 }, { "gzip", 3 }, { "zstd", 4 }, { "lzo", 4 } };
	const struct fs_info *fs = look->fs ? fs_info(look->fs) : NULL;
	uint64_t bytes = look->base->size_bytes;
	size_t i;

	if (fs && fs->readable)
		bytes -= min_u64(bytes, fs->blocks_free * fs->block_bytes);
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (strcmp(image_info(look->image)->compression, list[i].compression) == 0)
			return bytes * list[i].times;
	}
	return bytes;
}

void merge_full_say(struct merge *m, struct lm_plan *plan, const struct stick_look *look,
		    uint64_t likely)
{
	struct image_pack pack;
	struct lm_step *s;
	unsigned i;

	if (m->s->rec.merge.method == LM_METHOD_MIRROR)
		say_mirror(m, plan, look);
	else
		say_merge(m, plan, look);
	s = step(plan, "check-copy", _("Prove the copy with e2fsck"),
		 _("It must be clean as it is: what had to be repaired was repaired in the overlay "
		   "before, so that overlay and new image stay a pair. Blocks that the file system "
		   "does not use are freed."),
		 merge_step_check_copy, look->base->size_bytes / 16);
	plan_command(s, "e2fsck -fn %s/ROOT", m->s->work_path);
	s->reads = text_dup(_("the copy in the work folder"));
	s->writes = text_dup(_("the copy's unused blocks"));
	if (m->s->bare) {
		s = step(plan, "pack", _("Make the copy the new image"),
			 _("The root image lies on the stick as it is: it is not packed."),
			 merge_step_pack, 1 << 20);
	} else {
		s = step(plan, "pack", _("Pack the new image"),
			 _("mksquashfs compresses all of it anew, with the compressor, options and "
			   "block size of the old image. All other files in the image stay."),
			 merge_step_pack, pack_effort(look));
		plan_command(s, "mksquashfs TREE %s/NEW.img -noappend", m->s->work_path);
		if (image_pack_options(look->image, &pack, NULL) == 0) {
			for (i = 0; i < pack.count; i++)
				plan_command_word(s, pack.text[i]);
		}
		plan_command(s, "sync %s/NEW.img", m->s->work_path);
	}
	s->reads = text_dup(_("the copy, the old image"));
	s->writes = text_dup(m->s->work_path);
	s = step(plan, "verify", _("Read the new image back and prove it"),
		 _("Every block is decoded and compared with image and overlay, every other file with "
		   "that in the old image."),
		 merge_step_verify, look->base->size_bytes);
	s->reads = text_dup(_("both images, the overlay"));
	(void)likely;
}
