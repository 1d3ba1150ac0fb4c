/* SPDX-License-Identifier: Apache-2.0 */
#include "host/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool add_ending(char out[PATH_MAX], const char *path, const char *ending)
{
	const int len = snprintf(out, PATH_MAX, "%s%s", path, ending);

	if (len > 0 && len < PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

static bool write_whole(int fd, const uint8_t *octets, size_t len)
{
	size_t done = 0;

	while (done < len) {
		const ssize_t n = write(fd, octets + done, len - done);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			done += (size_t)n;
	}
	return true;
}

bool eese_durable_name(const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	const size_t len = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
	int fd;
	bool ok;

	memcpy(directory, path, len);
	directory[len] = '\0';
	fd = open(len > 0 ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool write_new(const char *path, const void *octets, size_t len)
{
	const int fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
	bool ok = fd >= 0 && fchmod(fd, S_IRUSR | S_IWUSR) == 0 && write_whole(fd, octets, len) &&
		  fsync(fd) == 0;

	if (fd >= 0 && close(fd) != 0)
		ok = false;
	return ok;
}

const char *eese_durable_write(const char *path, const void *octets, size_t len)
{
	char fresh[PATH_MAX];

	if (add_ending(fresh, path, ".tmp") && write_new(fresh, octets, len) &&
	    rename(fresh, path) == 0 && eese_durable_name(path))
		return NULL;
	return strerror(errno);
}

int eese_durable_lock(const char *path, const char **wrong)
{
	char name[PATH_MAX];
	int fd = -1;

	if (add_ending(name, path, ".lock"))
		fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	*wrong = fd >= 0 && errno == EWOULDBLOCK ? NULL : strerror(errno);
	if (fd >= 0)
		close(fd);
	return -1;
}
