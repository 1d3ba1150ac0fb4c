/* SPDX-License-Identifier: Apache-2.0 */
/* eese-hss: the subscribers of eese-emksd. */
#include <stdio.h>

#include "emks/tool/tool.h"
#include "host/say.h"

static int with_database(const struct options *o)
{
	uint8_t kek[EESE_KEK_SIZE];
	char wrong[DB_WRONG_SIZE];
	struct config c;
	struct db db;
	int code = EXIT_FAILED;

	if (!options_config(o, &c))
		return EXIT_USAGE;
	if (!load_kek(&c, kek))
		return EXIT_FAILED;
	if (db_open(&db, c.database, kek, wrong)) {
		code = o->command->run(o, &db);
		db_close(&db);
	} else {
		say_error("%s", wrong);
	}
	eese_wipe(kek, sizeof kek);
	return code;
}

int main(int argc, char *argv[])
{
	static struct options o;
	int code = options_read(&o, argc, argv);

	if (code == GO_ON && eese_init() != EESE_OK) {
		say_error("PSA Crypto does not start");
		code = EXIT_FAILED;
	}
	if (code == GO_ON)
		code = o.command->run == init_run ? init_run(&o, NULL) : with_database(&o);
	if (fflush(stdout) != 0 && code == EXIT_DONE) {
		say_error("can't write what was asked for");
		code = EXIT_FAILED;
	}
	return code;
}
