/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/kek_source.h"

#include <errno.h>
#include <limits.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eese/keys.h"
#include "host/durable.h"
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

bool eese_kek_make(const char *file, struct eese_kek_source *out, char wrong[EESE_STORE_TEXT_SIZE])
{
	char text[TEXT + 1];
	const char *why;

	memset(out, 0, sizeof *out);
	snprintf(out->place, sizeof out->place, "%s", file);
	if (psa_generate_random(out->kek, sizeof out->kek) != PSA_SUCCESS)
		return refuse(out->place, "can't be made: no random numbers", wrong);
	eese_hex_write(out->kek, sizeof out->kek, text);
	text[TEXT - 1] = '\n';
	why = eese_durable_write(file, text, TEXT);
	eese_wipe(text, sizeof text);
	out->made = why == NULL;
	return out->made || refuse(out->place, why, wrong);
}

static bool name_next(const char *store, char path[EESE_KEK_PLACE_SIZE])
{
	return snprintf(path, EESE_KEK_PLACE_SIZE, "%s.kek.next", store) < EESE_KEK_PLACE_SIZE;
}

bool eese_kek_next(const char *store, struct eese_kek_source *out)
{
	char path[EESE_KEK_PLACE_SIZE];

	memset(out, 0, sizeof *out);
	return name_next(store, path) &&
	       eese_kek_load(path, EESE_STORE_CREDENTIAL, out->kek, out->place) == NULL;
}

bool eese_kek_make_next(const char *store, struct eese_kek_source *out,
			char wrong[EESE_STORE_TEXT_SIZE])
{
	char path[EESE_KEK_PLACE_SIZE];

	return name_next(store, path) ? eese_kek_make(path, out, wrong)
				      : refuse(store, "has too long a name", wrong);
}

const char *eese_kek_take_next(const char *store)
{
	char from[EESE_KEK_PLACE_SIZE], to[EESE_KEK_PLACE_SIZE];

	snprintf(to, sizeof to, "%s.kek", store);
	if (name_next(store, from) && rename(from, to) == 0 && eese_durable_name(to))
		return NULL;
	return strerror(errno);
}

static bool beside(const char *store, bool may_make, struct eese_kek_source *out, char *wrong)
{
	char path[EESE_KEK_PLACE_SIZE];

	if (snprintf(path, sizeof path, "%s.kek", store) >= PATH_MAX - 4)
		return refuse(store, "has too long a name", wrong);
	out->beside = true;
	if (access(path, F_OK) == 0 || errno != ENOENT)
		return load(path, out, wrong);
	if (may_make && eese_kek_make(path, out, wrong))
		return out->beside = true;
	if (may_make)
		return false;
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
