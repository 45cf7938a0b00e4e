/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MAJOR_VT      4 /* and of serial lines, from MINOR_SERIAL on */
#define MINOR_SERIAL  64
#define MAJOR_AUX     5 /* /dev/console is 5:1 */

static bool is_vt(unsigned int major, unsigned int minor)
{
	return major == MAJOR_VT && minor < MINOR_SERIAL;
}

bool console_is_vt(int tty)
{
	struct stat st;

	return fstat(tty, &st) == 0 && S_ISCHR(st.st_mode) &&
	       is_vt(major(st.st_rdev), minor(st.st_rdev));
}

/* /proc/consoles: "tty0  -WU (EC  p  )    4:7", a line each. */
static bool is_console(dev_t dev)
{
	unsigned int a, b;
	bool found = major(dev) == MAJOR_AUX && minor(dev) == 1;
	char line[256];
	FILE *f;

	f = fopen("/proc/consoles", "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%*s %*[^)]) %u:%u", &a, &b) == 2 &&
			((a == major(dev) && b == minor(dev)) ||
			 (is_vt(a, b) && is_vt(major(dev), minor(dev))));
	if (f)
		fclose(f);
	return found;
}

int console_open(int tty)
{
	struct stat st;
	int fd;

	if (fstat(tty, &st) < 0 || !S_ISCHR(st.st_mode) || !is_console(st.st_rdev))
		return -1;
	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && lseek(fd, 0, SEEK_END) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Messages of a lower number than this are written to the console. */
static long loudness(void)
{
	long level = 7;
	FILE *f = fopen("/proc/sys/kernel/printk", "re");

	if (f && fscanf(f, "%ld", &level) != 1)
		level = 7;
	if (f)
		fclose(f);
	return level;
}

bool console_disturbed(int fd)
{
	bool disturbed = false;
	char record[8192];
	long level = loudness();
	ssize_t n;

	/* One record a read: "priority,number,...;text". EPIPE: some were overwritten. */
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		if (n < 0) {
			disturbed = true;
			continue;
		}
		record[n] = '\0';
		if ((strtol(record, NULL, 10) & 7) < level)
			disturbed = true;
	}
	return disturbed;
}
