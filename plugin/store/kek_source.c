/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/kek_source.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eese/keys.h"
#include "host/hex.h"

enum { TEXT = 2 * EESE_KEK_SIZE + 1 }; /* digits, LF */

static bool refuse(const char *place, const char *why, char *wrong)
{
	snprintf(wrong, EESE_STORE_TEXT_SIZE, "needs its KEK (kek_file): %.200s: %s", place, why);
	return false;
}

static bool load(const char *file, struct eese_kek_source *out, char *wrong)
{
	const char *why = eese_kek_load(file, EESE_STORE_CREDENTIAL, out->kek, out->place);

	return why == NULL || refuse(out->place, why, wrong);
}

static bool credential_there(void)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX];
	struct stat st;
	int n = directory == NULL
		    ? -1
		    : snprintf(path, sizeof path, "%s/" EESE_STORE_CREDENTIAL, directory);

	/* One that is there and can't be read must not be passed over. */
	return n > 0 && (size_t)n < sizeof path && (stat(path, &st) == 0 || errno == EACCES);
}

/* The file's name must be on the disk as well as what is in it. */
static bool sync_directory(const char *path)
{
	char copy[PATH_MAX];
	int fd;
	bool ok;

	snprintf(copy, sizeof copy, "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool write_new(const char *path, const char text[TEXT])
{
	char temporary[PATH_MAX + sizeof ".new"];
	int fd;
	bool ok;

	snprintf(temporary, sizeof temporary, "%s.new", path);
	(void)unlink(temporary); /* of an attempt that did not get far */
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	ok = fd >= 0 && write(fd, text, TEXT) == TEXT && fsync(fd) == 0;
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	return ok && rename(temporary, path) == 0 && sync_directory(path);
}

static bool make(struct eese_kek_source *out, char *wrong)
{
	char text[TEXT + 1];
	bool ok;

	if (psa_generate_random(out->kek, sizeof out->kek) != PSA_SUCCESS)
		return refuse(out->place, "can't be made: no random numbers", wrong);
	eese_hex_write(out->kek, sizeof out->kek, text);
	text[TEXT - 1] = '\n';
	ok = write_new(out->place, text);
	eese_wipe(text, sizeof text);
	out->made = ok;
	return ok || refuse(out->place, strerror(errno), wrong);
}

static bool beside(const char *store, bool may_make, struct eese_kek_source *out, char *wrong)
{
	char path[EESE_KEK_PLACE_SIZE];

	if (snprintf(path, sizeof path, "%s.kek", store) >= PATH_MAX - 4)
		return refuse(store, "has too long a name", wrong);
	if (access(path, F_OK) == 0 || errno != ENOENT)
		return load(path, out, wrong);
	snprintf(out->place, sizeof out->place, "%s", path);
	if (may_make)
		return make(out, wrong);
	return refuse(path,
		      "is gone: put it back, or name the KEK's file with kek_file. Without it move "
		      "the store away to begin anew",
		      wrong);
}

bool eese_kek_find(const char *store, const char *file, bool may_make, struct eese_kek_source *out,
		   char wrong[EESE_STORE_TEXT_SIZE])
{
	bool ok;

	memset(out, 0, sizeof *out);
	if (file != NULL || credential_there())
		ok = load(file, out, wrong);
	else
		ok = beside(store, may_make, out, wrong);
	if (!ok)
		eese_wipe(out->kek, sizeof out->kek);
	return ok;
}
