/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/image/out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"

#define PIECE_BYTES (2U << 20)
/* So much may wait in the page cache: more would make progress and cancelling a lie. */
#define UNSYNCED_BYTES (UINT64_C(64) << 20)

static int failed(const struct image_out *out, int ret, uint64_t at, struct lm_error *err)
{
	return lm_fail(err, ret, out->name, NULL,
		       _("Writing the new image failed at byte %" PRIu64), at);
}

static int sync_out(struct image_out *out, struct lm_error *err)
{
	int ret = io_fsync(out->file);

	out->synced = out->done;
	return ret ? lm_fail(err, ret, out->name, NULL, _("Flushing the new image failed")) : 0;
}

static int flush(struct image_out *out, struct lm_error *err)
{
	int ret = out->used ? io_pwrite(out->file, out->buf, out->used, out->done) : 0;

	if (ret)
		return failed(out, ret, out->done, err);
	out->done += out->used;
	out->used = 0;
	return out->done - out->synced >= UNSYNCED_BYTES ? sync_out(out, err) : 0;
}

int image_out_start(struct image_out *out, struct io_file *file, const char *name,
		    struct lm_error *err)
{
	static const unsigned char zeros[IMAGE_SUPER_BYTES];
	struct io_stat st;
	int ret;

	memset(out, 0, sizeof(*out));
	out->file = file;
	out->name = name;
	ret = io_fstat(file, &st);
	if (ret)
		return failed(out, ret, 0, err);
	if (st.kind == IO_REGULAR && st.size_bytes)
		return failed(out, -EEXIST, 0, err);
	out->buf = malloc(PIECE_BYTES);
	if (!out->buf)
		return failed(out, -ENOMEM, 0, err);
	return image_out_put(out, zeros, sizeof(zeros), err);
}

void image_out_free(struct image_out *out)
{
	free(out->buf);
	out->buf = NULL;
}

int image_out_put(struct image_out *out, const void *data, size_t len, struct lm_error *err)
{
	const unsigned char *from = data;
	int ret = 0;

	while (len && !ret) {
		size_t n = (size_t)min_u64(len, PIECE_BYTES - out->used);

		memcpy(out->buf + out->used, from, n);
		out->used += n;
		from += n;
		len -= n;
		if (out->used == PIECE_BYTES)
			ret = flush(out, err);
	}
	return ret;
}

int image_out_copy(struct image_out *out, const struct image *img, uint64_t off, uint64_t len,
		   struct lm_error *err)
{
	int ret = 0;

	while (len && !ret) {
		size_t n = (size_t)min_u64(len, PIECE_BYTES - out->used);

		ret = image_read(img, out->buf + out->used, n, off, err);
		if (ret)
			return ret;
		out->used += n;
		off += n;
		len -= n;
		if (out->used == PIECE_BYTES)
			ret = flush(out, err);
	}
	return ret;
}

int image_out_finish(struct image_out *out, const struct image_super *sb, struct lm_error *err)
{
	static const unsigned char zeros[IMAGE_PAD_BYTES];
	unsigned char raw[IMAGE_SUPER_BYTES];
	uint64_t over = image_out_at(out) % IMAGE_PAD_BYTES;
	int ret = 0;

	if (over)
		ret = image_out_put(out, zeros, (size_t)(IMAGE_PAD_BYTES - over), err);
	if (!ret)
		ret = flush(out, err);
	if (!ret)
		ret = sync_out(out, err);
	if (ret)
		return ret;
	image_super_put(sb, raw);
	ret = io_pwrite(out->file, raw, sizeof(raw), 0);
	ret = ret ? failed(out, ret, 0, err) : sync_out(out, err);
	/* It may be on the device or not; it must not pass for an image. */
	if (ret)
		(void)io_pwrite(out->file, zeros, sizeof(raw), 0);
	return ret;
}
