/* SPDX-License-Identifier: Apache-2.0 */
/* Put in front of the C library in the broker: system calls on the store's files that fail. */
#include "disk_shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

static struct disk_control *control;

__attribute__((constructor)) static void find_control(void)
{
	const char *path = getenv(DISK_CONTROL_ENV);
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p = MAP_FAILED;

	if (fd >= 0) {
		p = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	control = p != MAP_FAILED ? p : NULL;
}

void disk_shim_use(struct disk_control *c)
{
	control = c;
}

/* eese.db and what SQLite puts beside it. */
static bool is_store(int fd)
{
	char link[32], path[PATH_MAX];
	ssize_t len;
	const char *name;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof path - 1);
	if (len <= 0)
		return false;
	path[len] = '\0';
	name = strrchr(path, '/');
	return name != NULL && strncmp(name, "/eese.db", 8) == 0 && strstr(name, ".kek") == NULL;
}

enum verdict { GO_ON, HALF, FAIL };

/* What becomes of this call; errno is set unless it goes on. */
static enum verdict judge(int fd)
{
	uint32_t call, at, fault;

	if (control == NULL || !is_store(fd))
		return GO_ON;
	call = atomic_fetch_add(&control->calls, 1);
	at = atomic_load(&control->at);
	fault = atomic_load(&control->fault);
	if (fault == DISK_GOOD || call < at || call - at >= atomic_load(&control->count))
		return GO_ON;
	atomic_fetch_add(&control->failed, 1);
	errno = (int)atomic_load(&control->error);
	return fault != DISK_ERROR && call == at ? HALF : FAIL;
}

static void die_if_told(void)
{
	if (atomic_load(&control->fault) == DISK_KILL)
		kill(getpid(), SIGKILL);
}

#define NEXT(name, ...)                                                                            \
	static name##_type *next;                                                                  \
	if (next == NULL)                                                                          \
	*(void **)&next = dlsym(RTLD_NEXT, #name)

/* A call that takes octets. */
#define WRITING(name, parameters, arguments)                                                       \
	typedef ssize_t name##_type parameters;                                                    \
	EXPORTED ssize_t name parameters;                                                          \
	EXPORTED ssize_t name parameters                                                           \
	{                                                                                          \
		ssize_t n;                                                                         \
		enum verdict verdict = judge(fd);                                                  \
		NEXT(name);                                                                        \
		if (verdict == FAIL)                                                               \
			return -1;                                                                 \
		if (verdict == HALF)                                                               \
			len /= 2;                                                                  \
		n = next arguments;                                                                \
		if (verdict == HALF)                                                               \
			die_if_told();                                                             \
		return n;                                                                          \
	}

/* A call that does it or does not. */
#define DOING(name, parameters, arguments)                                                         \
	typedef int name##_type parameters;                                                        \
	EXPORTED int name parameters;                                                              \
	EXPORTED int name parameters                                                               \
	{                                                                                          \
		enum verdict verdict = judge(fd);                                                  \
		NEXT(name);                                                                        \
		if (verdict == HALF)                                                               \
			die_if_told();                                                             \
		return verdict == GO_ON ? next arguments : -1;                                     \
	}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's are reserved */
WRITING(write, (int fd, const void *octets, size_t len), (fd, octets, len))
WRITING(pwrite, (int fd, const void *octets, size_t len, off_t at), (fd, octets, len, at))
WRITING(pwrite64, (int fd, const void *octets, size_t len, off64_t at), (fd, octets, len, at))
DOING(fsync, (int fd), (fd))
DOING(fdatasync, (int fd), (fd))
DOING(ftruncate, (int fd, off_t len), (fd, len))
DOING(ftruncate64, (int fd, off64_t len), (fd, len))
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
