/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "emks/tool/tool.h"
#include "host/durable.h"
#include "host/hex.h"
#include "host/say.h"

enum { TEXT_SIZE = 2 * EESE_KEK_SIZE + 1 };

/* NULL, or what is wrong. */
static const char *write_kek(const char *path)
{
	uint8_t kek[EESE_KEK_SIZE];
	char text[TEXT_SIZE];
	const char *wrong = "there are no random octets";

	if (psa_generate_random(kek, sizeof kek) == PSA_SUCCESS) {
		eese_hex_write(kek, sizeof kek, text);
		text[TEXT_SIZE - 1] = '\n';
		wrong = eese_durable_write(path, text, TEXT_SIZE);
	}
	eese_wipe(kek, sizeof kek);
	eese_wipe(text, sizeof text);
	return wrong;
}

/* A new KEK, unless the file is there: whole, and to last longer than what it will seal. */
static bool make_kek(const char *path)
{
	const char *wrong;

	if (access(path, F_OK) == 0)
		return true;
	wrong = errno == ENOENT ? write_kek(path) : strerror(errno);
	if (wrong != NULL) {
		say_error("%s: %s", path, wrong);
		return false;
	}
	printf("made %s: without it nobody can read the database; keep a copy, and not beside the "
	       "database's\n",
	       path);
	return true;
}

bool load_kek(const struct config *c, uint8_t kek[EESE_KEK_SIZE])
{
	char place[EESE_KEK_PLACE_SIZE];
	const char *wrong = eese_kek_load(c->kek_file[0] != '\0' ? c->kek_file : NULL,
					  CONFIG_KEK_CREDENTIAL, kek, place);

	if (wrong != NULL)
		say_error("KEK %s: %s", place, wrong);
	return wrong == NULL;
}

int init_run(const struct options *o, struct db *db)
{
	struct config c;
	uint8_t kek[EESE_KEK_SIZE];
	char wrong[DB_WRONG_SIZE];
	bool ok;

	(void)db;
	if (!options_config(o, &c))
		return EXIT_USAGE;
	if (c.kek_file[0] != '\0' && !make_kek(c.kek_file))
		return EXIT_FAILED;
	if (!load_kek(&c, kek))
		return EXIT_FAILED;
	ok = db_create(c.database, kek, wrong);
	eese_wipe(kek, sizeof kek);
	if (!ok)
		say_error("%s", wrong);
	else
		printf("made %s\n", c.database);
	return ok ? EXIT_DONE : EXIT_FAILED;
}
