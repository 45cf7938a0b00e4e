/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/view/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/view/view.h"

#define PREFIX   "livemend-"
#define TEMPLATE PREFIX "XXXXXX"

extern char **environ;

static bool is_capable(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data))
		return false;
	return data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN);
}

/* The path of fusermount3, in new memory. */
static char *find_fusermount(void)
{
	const char *path = getenv("PATH");
	char *list, *rest, *dir, *found = NULL;

	if (asprintf(&list, "%s:/usr/bin:/bin", path ? path : "") < 0)
		return NULL;
	rest = list;
	while (!found && (dir = strsep(&rest, ":"))) {
		if (dir[0] != '/')
			continue;
		if (asprintf(&found, "%s/fusermount3", dir) < 0) {
			found = NULL;
			break;
		}
		if (access(found, X_OK)) {
			free(found);
			found = NULL;
		}
	}
	free(list);
	return found;
}

bool view_fuse_available(void)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char *fusermount;
	bool there;

	if (fd < 0)
		return false;
	close(fd);
	if (is_capable())
		return true;
	fusermount = find_fusermount();
	/* Without that file it mounts, and then does not unmount. */
	there = fusermount != NULL && access("/etc/mtab", R_OK) == 0;
	free(fusermount);
	return there;
}

/* Unmounts as an ordinary user. */
static void ask_fusermount(char *path)
{
	char *fusermount = find_fusermount();
	char *argv[] = { fusermount, (char *)"-u", (char *)"-q", (char *)"-z", (char *)"--", path,
			 NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	pid_t pid;
	bool started;

	if (!fusermount)
		return;
	if (posix_spawn_file_actions_init(&actions))
		goto out;
	if (posix_spawnattr_init(&attr))
		goto out_actions;
	sigemptyset(&none);
	started = !posix_spawnattr_setsigmask(&attr, &none) &&
		  !posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK) &&
		  !posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) &&
		  !posix_spawn(&pid, fusermount, &actions, &attr, argv, environ);
	while (started && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	posix_spawnattr_destroy(&attr);
out_actions:
	posix_spawn_file_actions_destroy(&actions);
out:
	free(fusermount);
}

/* A mount whose server was killed can be told by its error. Best effort. */
static void remove_dead(const char *place)
{
	DIR *list = opendir(place);
	struct dirent *entry;

	if (!list)
		return;
	while ((entry = readdir(list))) {
		struct stat st;
		char *path;

		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0 ||
		    strlen(entry->d_name) != strlen(TEMPLATE) ||
		    asprintf(&path, "%s/%s", place, entry->d_name) < 0)
			continue;
		if (lstat(path, &st) && errno == ENOTCONN) {
			if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW))
				ask_fusermount(path);
			(void)rmdir(path);
		}
		free(path);
	}
	closedir(list);
}

int view_place_make(char **dir)
{
	/* With a read-only root and nothing else mounted there still is /dev. */
	const char *places[] = { getenv("TMPDIR"), "/run", "/tmp", "/dev/shm", "/dev" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (!places[i] || places[i][0] != '/')
			continue;
		remove_dead(places[i]);
		if (asprintf(dir, "%s/" TEMPLATE, places[i]) < 0) {
			*dir = NULL;
			return -ENOMEM;
		}
		if (mkdtemp(*dir))
			return 0;
		free(*dir);
		*dir = NULL;
	}
	return -EACCES;
}
