/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/say.h"

/* Room for the longest ending, ".lock", in every path. */
enum { PATH_ROOM = PATH_MAX - 8 };

static bool complain(const char *path)
{
	say_error("state file %s: %s", path, strerror(errno));
	return false;
}

static bool default_path(struct state *s, const char *ue_id)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int len;

	/* The XDG specification: a relative path is to be ignored. */
	if (xdg && *xdg == '/')
		len = snprintf(s->path, PATH_ROOM, "%s/eese-ue/%s.state", xdg, ue_id);
	else if (home && *home == '/')
		len = snprintf(s->path, PATH_ROOM, "%s/.local/state/eese-ue/%s.state", home, ue_id);
	else
		len = -1;
	if (len > 0 && len < PATH_ROOM)
		return true;
	say_error("no directory for the state file: neither XDG_STATE_HOME nor HOME says where; "
		  "use --state");
	return false;
}

static bool set_path(struct state *s, const char *path, const char *ue_id)
{
	if (!path)
		return default_path(s, ue_id);
	if (*path && strlen(path) < PATH_ROOM) {
		memcpy(s->path, path, strlen(path) + 1);
		return true;
	}
	say_error("--state: not the path of a file");
	return false;
}

/* The directory that path stands in, opened; -1: errno says why not. */
static int open_parent(const char *path)
{
	char directory[PATH_MAX];
	char *slash;

	memcpy(directory, path, strlen(path) + 1);
	slash = strrchr(directory, '/');
	if (!slash)
		memcpy(directory, ".", 2);
	else if (slash == directory)
		slash[1] = '\0';
	else
		*slash = '\0';
	return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A new directory lasts only when the one that names it is on the disk. */
static bool make_directory(const char *path)
{
	int fd;
	bool ok;

	if (mkdir(path, S_IRWXU) != 0)
		return errno == EEXIST;
	fd = open_parent(path);
	ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Makes every directory of the path that is missing. */
static bool make_directories(const char *path)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		memcpy(part, path, (size_t)(slash - path));
		part[slash - path] = '\0';
		if (!make_directory(part))
			return complain(path);
	}
	return true;
}

static bool take_lock(struct state *s)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.*s.lock", PATH_ROOM, s->path);
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
	if (s->lock < 0)
		return complain(path);
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno != EWOULDBLOCK)
		return complain(path);
	say_error("state file %s is in use by another eese-ue", s->path);
	return false;
}

bool state_open(struct state *s, const char *path, const char *ue_id)
{
	memset(s, 0, sizeof(*s));
	s->lock = -1;
	s->directory = -1;
	if (!set_path(s, path, ue_id) || !make_directories(s->path))
		return false;
	s->directory = open_parent(s->path);
	if (s->directory < 0)
		return complain(s->path);
	snprintf(s->temporary, sizeof(s->temporary), "%.*s.tmp", PATH_ROOM, s->path);
	return take_lock(s);
}

void state_close(struct state *s)
{
	/* The lock file stays: removing it would let two processes lock two files of one name. */
	if (s->lock >= 0)
		close(s->lock);
	if (s->directory >= 0)
		close(s->directory);
	s->lock = -1;
	s->directory = -1;
}

static bool read_whole(int fd, uint8_t *out, size_t len)
{
	size_t done = 0;
	ssize_t n = 1;

	while (done < len && n > 0) {
		n = read(fd, out + done, len - done);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			done += (size_t)n;
	}
	return done == len;
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

static enum eese_ue_nvm_result read_record(struct state *s, uint8_t record[EESE_UE_RECORD_SIZE])
{
	const int fd = open(s->path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	bool ok;

	if (fd < 0 && errno == ENOENT)
		return EESE_UE_NVM_EMPTY;
	if (fd < 0) {
		complain(s->path);
		return EESE_UE_NVM_FAILED;
	}
	ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == EESE_UE_RECORD_SIZE &&
	     read_whole(fd, record, EESE_UE_RECORD_SIZE);
	close(fd);
	if (!ok)
		say_error("state file %s is not one: %d octets are expected", s->path,
			  EESE_UE_RECORD_SIZE);
	return ok ? EESE_UE_NVM_OK : EESE_UE_NVM_FAILED;
}

/* A power cut leaves the old record or the new one: the new one has its name only when it is on
 * the disk, and the write is done only when the name is. */
static enum eese_ue_nvm_result write_record(struct state *s,
					    const uint8_t record[EESE_UE_RECORD_SIZE])
{
	const int fd = open(s->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			    S_IRUSR | S_IWUSR);
	bool ok = fd >= 0 && fchmod(fd, S_IRUSR | S_IWUSR) == 0 &&
		  write_whole(fd, record, EESE_UE_RECORD_SIZE) && fsync(fd) == 0;

	if (fd >= 0 && close(fd) != 0)
		ok = false;
	if (ok && rename(s->temporary, s->path) == 0 && fsync(s->directory) == 0)
		return EESE_UE_NVM_OK;
	complain(s->path);
	return EESE_UE_NVM_FAILED;
}

enum eese_ue_nvm_result state_nvm(struct state *s, enum eese_ue_nvm op,
				  uint8_t record[EESE_UE_RECORD_SIZE])
{
	const enum eese_ue_nvm_result result =
	    op == EESE_UE_NVM_READ ? read_record(s, record) : write_record(s, record);

	if (result == EESE_UE_NVM_FAILED)
		s->failed = true;
	return result;
}
