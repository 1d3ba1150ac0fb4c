/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/tool/options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "emks/tool/tool.h"
#include "host/hex.h"
#include "host/option.h"
#include "host/say.h"

enum { ANY = INT32_MAX };

enum { ADD = 1, SET = 2, IMPORT = 4, OTHER = 8 };

const struct command commands[] = {
    {"init", "", "make the database, and the KEK's file if there is none", OTHER, 0, 0, init_run},
    {"add", "IMSI --secret FILE", "add a subscriber", ADD, 1, 1, add_run},
    {"set", "WHO", "change what the options say, and nothing else", SET, 1, 1, set_run},
    {"show", "WHO", "show one; never K or OPc", OTHER, 1, 1, show_run},
    {"list", "", "show all, a line each, separated by tabs", OTHER, 0, 0, list_run},
    {"bar", "WHO..", "no AKA, and no key for anybody, from now on", OTHER, 1, ANY, bar_run},
    {"unbar", "WHO..", "undo that", OTHER, 1, ANY, unbar_run},
    {"delete", "WHO..", "delete, with all keys", OTHER, 1, ANY, delete_run},
    {"import", "FILE", "add what a CSV file has, all or nothing; - is standard input", IMPORT, 1, 1,
     import_run},
    {NULL, NULL, NULL, 0, 0, 0, NULL},
};

static bool set_choice(void *target, const struct eese_option *option, const char *arg)
{
	enum choice *out = (enum choice *)(void *)((char *)target + option->offset);

	if (strcmp(arg, "yes") != 0 && strcmp(arg, "no") != 0)
		return eese_option_wrong(option, arg, "yes or no is needed");
	*out = strcmp(arg, "yes") == 0 ? CHOICE_YES : CHOICE_NO;
	return true;
}

static bool add_name(void *target, const struct eese_option *option, const char *arg)
{
	struct names *out = (struct names *)(void *)((char *)target + option->offset);

	if (!eese_ue_id_valid(arg, strlen(arg)))
		return eese_option_wrong(option, arg, "1 to 64 characters of A-Za-z0-9._@-");
	if (out->count == EESES_MAX)
		return eese_option_wrong(option, arg, "too many");
	out->at[out->count++] = arg;
	return true;
}

#define AT(member) offsetof(struct options, member)

static const struct eese_option everywhere[] = {
    {0, "config", EESE_OPTION_TEXT, EESE_OPTION_EVERYWHERE, AT(config_file), 0, 0, "FILE",
     "eese-emksd's; default " CONFIG_FILE, NULL},
    {0, "database", EESE_OPTION_TEXT, EESE_OPTION_EVERYWHERE, AT(database), 0, 0, "FILE",
     "the database, if not as configured", NULL},
    {0, "kek-file", EESE_OPTION_TEXT, EESE_OPTION_EVERYWHERE, AT(kek_file), 0, 0, "FILE",
     "its KEK, if not as configured", NULL},
    {0, "help", EESE_OPTION_HELP, EESE_OPTION_EVERYWHERE, 0, 0, 0, NULL, "this text", NULL},
    {0, NULL, EESE_OPTION_HELP, 0, 0, 0, 0, NULL, NULL, NULL},
};

static const struct eese_option of_subscribers[] = {
    {0, "secret", EESE_OPTION_TEXT, ADD | SET, AT(secret), 0, 0, "FILE",
     "lines 'k HEX' and 'opc HEX' (or 'op HEX'); - is standard input", NULL},
    {0, "ue-id", EESE_OPTION_TEXT, ADD | SET, AT(ue_id), 0, 0, "ID",
     "by which the enterprise knows the device; default: the IMSI", NULL},
    {0, "enps", EESE_OPTION_CALL, ADD | SET | IMPORT, AT(applies[EESE_DOMAIN_ENPS]), 0, 0, "yes|no",
     "end-to-end applies; yes for a new one", set_choice},
    {0, "hps", EESE_OPTION_CALL, ADD | SET | IMPORT, AT(applies[EESE_DOMAIN_HPS]), 0, 0, "yes|no",
     "end-to-middle applies; no for a new one", set_choice},
    {0, "allow", EESE_OPTION_CALL, ADD | SET | IMPORT, AT(allow), 0, 0, "EESE",
     "may have the device's key; can be repeated", add_name},
    {0, "disallow", EESE_OPTION_CALL, SET, AT(disallow), 0, 0, "EESE", "may no longer have it",
     add_name},
    {0, "amf", EESE_OPTION_TEXT, ADD | SET | IMPORT, AT(amf), 0, 0, "HEX", "4 digits; default 8000",
     NULL},
    {0, "op", EESE_OPTION_TEXT, IMPORT, AT(op), 0, 0, "FILE",
     "the operator's OP, for lines with neither OPc nor OP", NULL},
    {0, "dry-run", EESE_OPTION_FLAG, IMPORT, AT(dry_run), 0, 0, NULL,
     "say what is wrong and change nothing", NULL},
    {0, NULL, EESE_OPTION_HELP, 0, 0, 0, 0, NULL, NULL, NULL},
};

static int help_overview(const struct eese_option_table *tables)
{
	puts("Usage: eese-hss [OPTION].. COMMAND [OPTION].. [WORD]..\n\n"
	     "The subscribers of eese-emksd, which may be running: it follows at once.\n");
	for (const struct command *c = commands; c->name != NULL; c++) {
		char left[40];

		snprintf(left, sizeof left, "%s %s", c->name, c->words);
		printf("  %-24s %s\n", left, c->help);
	}
	puts("\nWHO is an IMSI or a UE-ID. Options of every command ('eese-hss COMMAND --help' has "
	     "all):");
	eese_options_help(tables, 1, EESE_OPTION_EVERYWHERE);
	puts("\nExit codes: 0 done, 1 database or file, 2 usage, 3 refused (no such subscriber,\n"
	     "one that is there already, bad lines).");
	return EXIT_DONE;
}

static int help_command(const struct eese_option_table *tables, const struct command *c)
{
	printf("Usage: eese-hss %s %s [OPTION]..\n\n%s\n\n", c->name, c->words, c->help);
	eese_options_help(tables, 2, c->bit);
	return EXIT_DONE;
}

static int mistake(const char *what, const char *which)
{
	say_error("%s%s; try 'eese-hss --help'", what, which);
	return EXIT_USAGE;
}

static const struct command *command_of(const char *name)
{
	const struct command *c = commands;

	while (c->name != NULL && strcmp(c->name, name) != 0)
		c++;
	return c->name != NULL ? c : NULL;
}

/* What stands behind the command. */
static int read_rest(struct options *o, const struct eese_option_table *tables, int argc,
		     char *argv[])
{
	const struct command *c = o->command;
	int first;

	switch (eese_options_read(tables, 2, c->bit, false, argc, argv, &first)) {
	case EESE_OPTIONS_HELP:
		return help_command(tables, c);
	case EESE_OPTIONS_WRONG:
		return EXIT_USAGE;
	case EESE_OPTIONS_READ:
		break;
	}
	o->words = argv + first;
	o->count = argc - first;
	if (o->count < c->min)
		return mistake("too few words for ", c->name);
	return o->count <= c->max ? GO_ON : mistake("too many words for ", c->name);
}

int options_read(struct options *o, int argc, char *argv[])
{
	const struct eese_option_table tables[] = {{everywhere, o}, {of_subscribers, o}};
	int first;

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("eese-hss " EESE_VERSION) < 0 ? EXIT_FAILED : EXIT_DONE;
	switch (eese_options_read(tables, 1, EESE_OPTION_EVERYWHERE, true, argc, argv, &first)) {
	case EESE_OPTIONS_HELP:
		return help_overview(tables);
	case EESE_OPTIONS_WRONG:
		return EXIT_USAGE;
	case EESE_OPTIONS_READ:
		break;
	}
	if (first >= argc)
		return mistake("which command?", "");
	o->command = command_of(argv[first]);
	if (o->command == NULL)
		return mistake("there is no command ", argv[first]);
	return read_rest(o, tables, argc - first, argv + first);
}

static bool read_config(const struct options *o, struct config *c, char *wrong)
{
	struct config_given given = {{false}};
	const char *file = o->config_file;

	config_default(c);
	if (o->database != NULL && !config_set(c, &given, "database", o->database, wrong))
		return false;
	if (o->kek_file != NULL && !config_set(c, &given, "kek_file", o->kek_file, wrong))
		return false;
	if (file == NULL && o->database == NULL && access(CONFIG_FILE, F_OK) == 0)
		file = CONFIG_FILE;
	if (file != NULL && !config_read(c, &given, file, wrong))
		return false;
	if (c->database[0] != '\0')
		return true;
	snprintf(wrong, CONFIG_WRONG_SIZE,
		 "no database: name it by --database FILE, or in " CONFIG_FILE);
	return false;
}

bool options_config(const struct options *o, struct config *c)
{
	char wrong[CONFIG_WRONG_SIZE];

	if (read_config(o, c, wrong))
		return true;
	say_error("%s", wrong);
	return false;
}

bool options_apply(const struct options *o, struct hss_subscriber *s)
{
	for (int d = 0; d < EESE_DOMAINS; d++)
		if (o->applies[d] != CHOICE_NONE)
			s->applies[d] = o->applies[d] == CHOICE_YES;
	if (o->amf != NULL && !eese_hex_read(o->amf, strlen(o->amf), s->amf, sizeof s->amf)) {
		say_error("--amf needs 4 hexadecimal digits");
		return false;
	}
	if (o->ue_id == NULL)
		return true;
	if (!eese_ue_id_valid(o->ue_id, strlen(o->ue_id))) {
		say_error("--ue-id needs 1 to 64 characters of A-Za-z0-9._@-");
		return false;
	}
	snprintf(s->ue_id, sizeof s->ue_id, "%s", o->ue_id);
	return true;
}
