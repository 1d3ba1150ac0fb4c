/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/durable.h"
#include "host/say.h"

/* Room for the longest endings, ".hps.keys.lock", in every path. */
enum { PATH_ROOM = PATH_MAX - 16 };

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

/* A new directory lasts only when the one that names it is on the disk. */
static bool make_directory(const char *path)
{
	if (mkdir(path, S_IRWXU) != 0)
		return errno == EEXIST;
	return eese_durable_name(path);
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
	const char *wrong;

	s->lock = eese_durable_lock(s->path, &wrong);
	if (s->lock >= 0)
		return true;
	if (wrong)
		say_error("state file %s: %s", s->path, wrong);
	else
		say_error("state file %s is in use by another eese-ue", s->path);
	return false;
}

bool state_open(struct state *s, const char *path, const char *ue_id)
{
	memset(s, 0, sizeof(*s));
	s->lock = -1;
	return set_path(s, path, ue_id) && make_directories(s->path) && take_lock(s);
}

void state_close(struct state *s)
{
	if (s->lock >= 0)
		close(s->lock);
	s->lock = -1;
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

static enum eese_ue_nvm_result write_record(struct state *s,
					    const uint8_t record[EESE_UE_RECORD_SIZE])
{
	const char *wrong = eese_durable_write(s->path, record, EESE_UE_RECORD_SIZE);

	if (!wrong)
		return EESE_UE_NVM_OK;
	say_error("state file %s: %s", s->path, wrong);
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
