/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/view/lazy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/child/child.h"

/* Machines whose calls have one register for an offset of 64 bits. */
#if defined(__x86_64__) && defined(__LP64__)
#define LAZY_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LAZY_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define LAZY_ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LAZY_ARCH AUDIT_ARCH_PPC64LE
#elif defined(__loongarch64) && defined(AUDIT_ARCH_LOONGARCH64)
#define LAZY_ARCH AUDIT_ARCH_LOONGARCH64
#endif

#if defined(LAZY_ARCH) && defined(SECCOMP_USER_NOTIF_FLAG_CONTINUE)

/* x86_64 has a second set of numbers, for 32-bit pointers. */
#define LAZY_SECOND_SET 0x40000000u
/* Standard input and output: the pipes. */
#define LAZY_LAST_PIPE 2u

#define LAZY_LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* The low half: little-endian. */
#define LAZY_LOAD_ARG(n) LAZY_LOAD(args[n])
#define LAZY_END(action) BPF_STMT(BPF_RET | BPF_K, action)
#define LAZY_IF(nr, action) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), LAZY_END(action)
#define LAZY_STOP SECCOMP_RET_USER_NOTIF
#define LAZY_NO(code) (SECCOMP_RET_ERRNO | (code))
/* Stopped, but for a call on a pipe. */
#define LAZY_IF_FILE(nr)                                                                           \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 4), LAZY_LOAD_ARG(0),                           \
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, LAZY_LAST_PIPE, 0, 1), LAZY_END(LAZY_STOP),    \
		LAZY_END(SECCOMP_RET_ALLOW)

static const struct sock_filter lazy_filter[] = {
	LAZY_LOAD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LAZY_ARCH, 1, 0),
	LAZY_END(SECCOMP_RET_KILL_PROCESS),
	LAZY_LOAD(nr),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, LAZY_SECOND_SET, 0, 1),
	LAZY_END(SECCOMP_RET_KILL_PROCESS),
	LAZY_IF(SYS_pread64, LAZY_STOP),
	LAZY_IF(SYS_pwrite64, LAZY_STOP),
	LAZY_IF_FILE(SYS_read),
	LAZY_IF_FILE(SYS_write),
	LAZY_IF_FILE(SYS_readv),
	LAZY_IF_FILE(SYS_writev),
	/* Memory without a file has -1 there. */
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 4),
	LAZY_LOAD_ARG(4),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffffu, 0, 1),
	LAZY_END(SECCOMP_RET_ALLOW),
	LAZY_END(LAZY_STOP),
	/* It writes zeros instead, or does without. */
	LAZY_IF(SYS_fallocate, LAZY_NO(EOPNOTSUPP)),
	LAZY_IF(SYS_ftruncate, LAZY_NO(EOPNOTSUPP)),
	LAZY_IF(SYS_preadv, LAZY_NO(ENOSYS)),
	LAZY_IF(SYS_pwritev, LAZY_NO(ENOSYS)),
	LAZY_IF(SYS_preadv2, LAZY_NO(ENOSYS)),
	LAZY_IF(SYS_pwritev2, LAZY_NO(ENOSYS)),
	LAZY_IF(SYS_copy_file_range, LAZY_NO(ENOSYS)),
	LAZY_IF(SYS_sendfile, LAZY_NO(ENOSYS)),
	LAZY_IF(SYS_splice, LAZY_NO(ENOSYS)),
	LAZY_IF(SYS_io_setup, LAZY_NO(ENOSYS)),
#ifdef SYS_io_uring_setup
	LAZY_IF(SYS_io_uring_setup, LAZY_NO(ENOSYS)),
#endif
	LAZY_END(SECCOMP_RET_ALLOW),
};

bool lazy_possible(void)
{
	uint32_t action = SECCOMP_RET_USER_NOTIF;
	unsigned major, minor;
	struct utsname name;

	/* That it may be told to go on is of 5.5, and cannot be asked for. */
	return uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 5)) &&
	       syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0u, &action) == 0 &&
	       access("/proc/self/fd", X_OK) == 0;
}

int lazy_init(struct lazy *lazy, int fd, lazy_touch_fn touch, void *arg)
{
	struct seccomp_notif_sizes sizes;
	struct stat st;

	*lazy = (struct lazy){ .touch = touch, .arg = arg, .listener = -1 };
	if (fstat(fd, &st) < 0 || syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0u, &sizes) < 0)
		return -errno;
	lazy->dev = st.st_dev;
	lazy->ino = st.st_ino;
	/* A newer kernel may have longer ones, an older one writes less. */
	lazy->request_bytes = (size_t)max_u64(sizes.seccomp_notif, sizeof(struct seccomp_notif));
	lazy->answer_bytes =
		(size_t)max_u64(sizes.seccomp_notif_resp, sizeof(struct seccomp_notif_resp));
	lazy->request = malloc(lazy->request_bytes);
	lazy->answer = malloc(lazy->answer_bytes);
	return lazy->request && lazy->answer ? 0 : -ENOMEM;
}

void lazy_free(struct lazy *lazy)
{
	free(lazy->request);
	free(lazy->answer);
	lazy->request = lazy->answer = NULL;
}

/* In the child, between fork and exec. */
int lazy_prepare(void *arg, int socket)
{
	const struct sock_fprog program = {
		.len = (unsigned short)(sizeof(lazy_filter) / sizeof(lazy_filter[0])),
		.filter = (struct sock_filter *)(uintptr_t)lazy_filter,
	};
	int listener, ret;

	(void)arg;
	/* Without rights nobody may be watched who could get some. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (listener < 0)
		return -errno;
	ret = child_send_fd(socket, listener);
	close(listener);
	return ret;
}

/* ---- one call ---- */

/* Whether descriptor fd of the child is the file; -EIO where that cannot be told. */
static int lazy_is_file(const struct lazy *lazy, uint32_t pid, uint64_t fd)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/fd/%u", (unsigned)pid, (unsigned)fd);
	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : -EIO; /* it is not open, or nothing with a file */
	return st.st_dev == lazy->dev && st.st_ino == lazy->ino;
}

static int lazy_position(uint32_t pid, uint64_t fd, uint64_t *pos)
{
	unsigned long long at;
	char path[64];
	FILE *f;
	int ret;

	snprintf(path, sizeof(path), "/proc/%u/fdinfo/%u", (unsigned)pid, (unsigned)fd);
	f = fopen(path, "re");
	ret = f && fscanf(f, "pos: %llu", &at) == 1 ? 0 : -EIO;
	if (f)
		fclose(f);
	*pos = ret == 0 ? at : 0;
	return ret;
}

static int lazy_judge(struct lazy *lazy, const struct seccomp_notif *r)
{
	const __u64 *args = r->data.args;
	uint64_t pos;
	int ret;

	/* Of whichever file: an offset in another one only copies what is not needed. */
	if (r->data.nr == SYS_pread64 || r->data.nr == SYS_pwrite64)
		return lazy->touch(lazy->arg, args[3], args[2], r->data.nr == SYS_pwrite64);
	ret = lazy_is_file(lazy, r->pid, r->data.nr == SYS_mmap ? args[4] : args[0]);
	if (ret <= 0)
		return ret;
	if (r->data.nr == SYS_mmap)
		return -ENODEV;
	if (r->data.nr != SYS_read && r->data.nr != SYS_write)
		return -ENOSYS;
	ret = lazy_position(r->pid, args[0], &pos);
	return ret < 0 ? ret : lazy->touch(lazy->arg, pos, args[2], r->data.nr == SYS_write);
}

/* One call of the child's; false: there is nobody left to call. */
static bool lazy_serve(struct lazy *lazy, int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	struct seccomp_notif *r = (void *)lazy->request;
	struct seccomp_notif_resp *a = (void *)lazy->answer;
	int ret;

	if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLIN))
		return !(ready.revents & (POLLHUP | POLLERR | POLLNVAL));
	memset(r, 0, lazy->request_bytes);
	memset(a, 0, lazy->answer_bytes);
	/* It may have been killed meanwhile. */
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, r) < 0)
		return errno == EINTR || errno == ENOENT;
	ret = lazy_judge(lazy, r);
	a->id = r->id;
	a->error = ret;
	a->flags = ret == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, a) == 0 || errno == EINTR || errno == ENOENT;
}

#else

bool lazy_possible(void)
{
	return false;
}

int lazy_init(struct lazy *lazy, int fd, lazy_touch_fn touch, void *arg)
{
	(void)fd;
	*lazy = (struct lazy){ .touch = touch, .arg = arg, .listener = -1 };
	return -EOPNOTSUPP;
}

void lazy_free(struct lazy *lazy)
{
	(void)lazy;
}

int lazy_prepare(void *arg, int socket)
{
	(void)arg;
	(void)socket;
	return -EOPNOTSUPP;
}

static bool lazy_serve(struct lazy *lazy, int fd)
{
	(void)lazy;
	(void)fd;
	return false;
}

#endif

int lazy_answer(void *arg, int fd)
{
	struct lazy *lazy = arg;

	if (lazy->listener < 0) {
		lazy->listener = child_receive_fd(fd);
		return lazy->listener;
	}
	if (lazy_serve(lazy, fd))
		return fd;
	lazy->listener = -1;
	return -1;
}
