/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emks/tool/tool.h"
#include "host/hex.h"
#include "host/say.h"

enum { TEXT_SIZE = 2 * EESE_KEK_SIZE + 1 };

static bool write_all(int fd, const char *text, size_t len)
{
	const bool written = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;

	return close(fd) == 0 && written;
}

static bool write_kek(int fd)
{
	uint8_t kek[EESE_KEK_SIZE];
	char text[TEXT_SIZE];
	bool ok = psa_generate_random(kek, sizeof kek) == PSA_SUCCESS;

	if (ok) {
		eese_hex_write(kek, sizeof kek, text);
		text[TEXT_SIZE - 1] = '\n';
		ok = write_all(fd, text, TEXT_SIZE);
	} else {
		close(fd);
	}
	eese_wipe(kek, sizeof kek);
	eese_wipe(text, sizeof text);
	return ok;
}

/* A new KEK, unless the file is there. */
static bool make_kek(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);

	if (fd < 0 && errno == EEXIST)
		return true;
	if (fd < 0 || !write_kek(fd)) {
		say_error("%s: %s", path, strerror(errno));
		if (fd >= 0)
			(void)unlink(path);
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
