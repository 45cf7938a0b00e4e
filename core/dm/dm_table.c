/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of tables. What would hurt the kernel, or what it would take for something else, is
 * refused here: it checks little (drivers/md/dm-exception-store.c, dm-raid1.c, dm-log.c). */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "core/bytes.h"
#include "core/dm/device.h"

__attribute__((format(printf, 4, 5))) static int fill(struct dm_target *t, uint64_t sectors,
						      const char *type, const char *format, ...)
{
	va_list args;
	int n;

	memset(t, 0, sizeof(*t));
	/* Sizes in bytes must be representable, too. */
	if (!sectors || sectors > INT64_MAX / 512)
		return -EINVAL;
	t->length = sectors;
	snprintf(t->type, sizeof(t->type), "%s", type);
	va_start(args, format);
	n = vsnprintf(t->params, sizeof(t->params), format, args);
	va_end(args);
	return n < 0 || (size_t)n >= sizeof(t->params) ? -EINVAL : 0;
}

static bool is_power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

int dm_target_snapshot(struct dm_target *t, uint64_t sectors, dev_t base, dev_t cow,
		       uint64_t chunk_sectors, bool merge)
{
	memset(t, 0, sizeof(*t));
	if (base == cow || !is_power_of_two(chunk_sectors) || chunk_sectors > DM_MAX_CHUNK_SECTORS)
		return -EINVAL;
	return fill(t, sectors, merge ? "snapshot-merge" : "snapshot", "%u:%u %u:%u PO %" PRIu64,
		    major(base), minor(base), major(cow), minor(cow), chunk_sectors);
}

int dm_target_origin(struct dm_target *t, uint64_t sectors, dev_t dev)
{
	return fill(t, sectors, "snapshot-origin", "%u:%u", major(dev), minor(dev));
}

int dm_target_linear(struct dm_target *t, uint64_t sectors, dev_t dev, uint64_t offset_sectors)
{
	uint64_t end;

	memset(t, 0, sizeof(*t));
	if (add_overflows(offset_sectors, sectors, &end) || end > INT64_MAX / 512)
		return -EINVAL;
	return fill(t, sectors, "linear", "%u:%u %" PRIu64, major(dev), minor(dev),
		    offset_sectors);
}

int dm_target_error(struct dm_target *t, uint64_t sectors)
{
	return fill(t, sectors, "error", "%s", "");
}

static int mirror(struct dm_target *t, uint64_t sectors, dev_t source, dev_t dest,
		  uint64_t region_sectors, const char *log)
{
	return fill(t, sectors, "mirror", "%s%" PRIu64 " 2 %u:%u 0 %u:%u 0 1 handle_errors", log,
		    region_sectors, major(source), minor(source), major(dest), minor(dest));
}

/* The largest allowed region that is not larger than asked for; 0 when there is none. */
static uint64_t fit_region(uint64_t region, uint64_t sectors)
{
	if (!is_power_of_two(region) || region > (1u << 30))
		return 0;
	while (region > sectors)
		region >>= 1;
	return region < 2 ? 0 : region;
}

int dm_target_mirror(struct dm_target *t, uint64_t sectors, dev_t source, dev_t dest,
		     uint64_t region_sectors)
{
	uint64_t region = fit_region(region_sectors, sectors);

	memset(t, 0, sizeof(*t));
	if (!region || source == dest)
		return -EINVAL;
	return mirror(t, sectors, source, dest, region, "core 1 ");
}

int dm_target_mirror_logged(struct dm_target *t, uint64_t sectors, dev_t source, dev_t dest,
			    uint64_t region_sectors, dev_t log)
{
	uint64_t region = fit_region(region_sectors, sectors);
	char words[64];

	memset(t, 0, sizeof(*t));
	if (!region || source == dest || log == source || log == dest)
		return -EINVAL;
	snprintf(words, sizeof(words), "disk 2 %u:%u ", major(log), minor(log));
	return mirror(t, sectors, source, dest, region, words);
}
