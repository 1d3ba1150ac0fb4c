/* SPDX-License-Identifier: Apache-2.0 */
/* eese-store: looks after the plugin's store while no broker has it. */
#include <stdio.h>
#include <string.h>

#include "eese/keys.h"
#include "host/option.h"
#include "host/say.h"
#include "plugin/tool/tool.h"

enum { CHECK = 1, REKEY = 2, FORGET = 4 };

static const struct command {
	const char *name, *words, *help;
	unsigned bit;
	int least, most; /* words */
	int (*run)(const struct options *o, struct eese_db *db,
		   const struct eese_store_state *state);
} commands[] = {
    {"check", "STORE", "say whether it is whole, and what is in it; changes nothing", CHECK, 1, 1,
     check_run},
    {"rekey", "STORE", "seal it under a new KEK", REKEY, 1, 1, rekey_run},
    {"forget", "STORE UE..", "take UEs out of it, with all that is said of them", FORGET, 2,
     INT32_MAX, forget_run},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static const struct eese_option rows[] = {
    {0, "kek-file", EESE_OPTION_TEXT, CHECK | REKEY, offsetof(struct options, kek_file), 0, 0,
     "FILE", "the KEK's file; default: systemd's credential eese-kek, else STORE.kek", NULL},
    {0, "new-kek-file", EESE_OPTION_TEXT, REKEY, offsetof(struct options, new_kek_file), 0, 0,
     "FILE", "the new KEK's, made if it is not there; default: STORE.kek is replaced", NULL},
    {0, "help", EESE_OPTION_HELP, EESE_OPTION_EVERYWHERE, 0, 0, 0, NULL, "this text", NULL},
    {0, NULL, EESE_OPTION_HELP, 0, 0, 0, 0, NULL, NULL, NULL},
};

static int help_overview(const struct eese_option_table *table)
{
	puts("Usage: eese-store COMMAND [OPTION].. STORE [UE]..\n\n"
	     "Looks after the store of mosquitto_eese.so, plugin_opt_store, while no broker has "
	     "it.\nRun it as the broker's user.\n");
	for (int i = 0; i < COMMANDS; i++) {
		char left[40];

		snprintf(left, sizeof left, "%s %s", commands[i].name, commands[i].words);
		printf("  %-24s %s\n", left, commands[i].help);
	}
	puts("\nOptions ('eese-store COMMAND --help' has those of a command):");
	eese_options_help(table, 1, EESE_OPTION_EVERYWHERE);
	puts(
	    "\nExit codes: 0 done, 1 a file, the KEK, or the store is in use, 2 usage, 3 the store "
	    "is\ndamaged, or a UE is not in it.");
	return EXIT_DONE;
}

static int help_command(const struct eese_option_table *table, const struct command *c)
{
	printf("Usage: eese-store %s [OPTION].. %s\n\n%s\n\n", c->name, c->words, c->help);
	eese_options_help(table, 1, c->bit);
	return EXIT_DONE;
}

static int mistake(const char *what, const char *which)
{
	say_error("%s%s; try 'eese-store --help'", what, which);
	return EXIT_USAGE;
}

int store_failed(const struct options *o, const char *wrong)
{
	say_error("store %s %s", o->store, wrong);
	return EXIT_FAILED;
}

bool change_begin(struct eese_db *db, char wrong[EESE_STORE_TEXT_SIZE])
{
	/* What is overwritten is gone from the file, too. */
	return eese_db_run(db, "PRAGMA secure_delete = ON; BEGIN IMMEDIATE", wrong);
}

bool change_end(struct eese_db *db, const struct eese_store_state *state,
		char wrong[EESE_STORE_TEXT_SIZE])
{
	return (!state->clean || eese_state_mark_clean(db, wrong)) &&
	       eese_db_run(db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)", wrong);
}

static int with_store(const struct options *o, const struct command *c)
{
	struct eese_store_state state;
	char wrong[EESE_STORE_TEXT_SIZE];
	struct eese_db db;
	int code;

	if (!eese_db_open(&db, o->store, EESE_DB_EXISTING, wrong))
		return store_failed(o, wrong);
	code =
	    eese_state_read(&db, &state, wrong) ? c->run(o, &db, &state) : store_failed(o, wrong);
	eese_db_close(&db);
	return code;
}

static int read_rest(struct options *o, const struct command *c,
		     const struct eese_option_table *table, int argc, char *argv[])
{
	int first;

	switch (eese_options_read(table, 1, c->bit, false, argc, argv, &first)) {
	case EESE_OPTIONS_HELP:
		return help_command(table, c);
	case EESE_OPTIONS_WRONG:
		return EXIT_USAGE;
	case EESE_OPTIONS_READ:
		break;
	}
	if (argc - first < c->least)
		return mistake("too few words for ", c->name);
	if (argc - first > c->most)
		return mistake("too many words for ", c->name);
	o->store = argv[first];
	o->ues = argv + first + 1;
	o->ue_count = argc - first - 1;
	return with_store(o, c);
}

static int run(int argc, char *argv[])
{
	struct options o = {.store = NULL};
	const struct eese_option_table table = {rows, &o};
	int first;

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("eese-store " EESE_VERSION) < 0 ? EXIT_FAILED : EXIT_DONE;
	switch (eese_options_read(&table, 1, EESE_OPTION_EVERYWHERE, true, argc, argv, &first)) {
	case EESE_OPTIONS_HELP:
		return help_overview(&table);
	case EESE_OPTIONS_WRONG:
		return EXIT_USAGE;
	case EESE_OPTIONS_READ:
		break;
	}
	if (first >= argc)
		return mistake("which command?", "");
	for (int i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, argv[first]) == 0)
			return read_rest(&o, &commands[i], &table, argc - first, argv + first);
	return mistake("there is no command ", argv[first]);
}

int main(int argc, char *argv[])
{
	int code;

	if (eese_init() != EESE_OK) {
		say_error("PSA Crypto does not start");
		return EXIT_FAILED;
	}
	code = run(argc, argv);
	if (fflush(stdout) != 0 && code == EXIT_DONE) {
		say_error("can't write what was asked for");
		code = EXIT_FAILED;
	}
	return code;
}
