/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/commands.h"
#include "ctl/config.h"
#include "ctl/text.h"
#include "eese/keys.h"
#include "host/say.h"

enum { TABLES = 3, COMMON = 1, TIMEOUT_MAX = 86400, PERIOD_MAX = 31536000 };

#define AT(member) offsetof(struct options, member)
#define NAMING                                                                                     \
	(COMMAND_SHOW | COMMAND_EXPIRE | COMMAND_TE2E | COMMAND_GROUP | COMMAND_REMOVE |           \
	 COMMAND_WATCH)

static const struct eese_option own[] = {
    {0, "group", EESE_OPTION_TEXT, COMMAND_LIST | COMMAND_EXPIRE | COMMAND_TE2E, AT(group), 0, 0,
     "GROUP", "of this group", NULL},
    {0, "group", EESE_OPTION_TEXT, COMMAND_ADD, AT(group), 0, 0, "GROUP", "into this group", NULL},
    {0, "state", EESE_OPTION_TEXT, COMMAND_LIST, AT(state), 0, 0, "STATE",
     "in this state: " TEXT_STATES, NULL},
    {0, "limit", EESE_OPTION_NUMBER, COMMAND_LIST, AT(limit), 1, 1000000000, "N",
     "no more than N UEs", NULL},
    {'v', "verbose", EESE_OPTION_FLAG, COMMAND_LIST, AT(verbose), 0, 0, NULL,
     "a table, or with --json all about each UE", NULL},
    {'v', "verbose", EESE_OPTION_FLAG, COMMAND_STATUS, AT(verbose), 0, 0, NULL,
     "counters that are 0 too", NULL},
    {0, "from", EESE_OPTION_TEXT, NAMING, AT(from), 0, 0, "FILE",
     "UEs from a file too, one a line; -: standard input", NULL},
    {0, "all", EESE_OPTION_FLAG, COMMAND_EXPIRE, AT(all), 0, 0, NULL, "of all UEs", NULL},
    {0, "default", EESE_OPTION_FLAG, COMMAND_TE2E, AT(default_te2e), 0, 0, NULL,
     "of all UEs that have none of their own or their group's", NULL},
    {0, "none", EESE_OPTION_FLAG, COMMAND_GROUP, AT(none), 0, 0, NULL, "into no group", NULL},
    {0, "key-file", EESE_OPTION_TEXT, COMMAND_ADD, AT(key_file), 0, 0, "FILE",
     "its e2e_int_key; -: standard input", NULL},
    {0, "te2e", EESE_OPTION_NUMBER, COMMAND_ADD, AT(te2e), 0, OPTIONS_TE2E_MAX, "SECONDS",
     "how long its keysets live; 0: for ever", NULL},
    {'y', "yes", EESE_OPTION_FLAG, COMMAND_EXPIRE | COMMAND_REMOVE, AT(yes), 0, 0, NULL,
     "do not ask", NULL},
    {0, "app", EESE_OPTION_TEXT, COMMAND_WATCH, AT(app), 0, 0, "TOPIC",
     "first level of the plaintext topics [app]", NULL},
    {'C', "count", EESE_OPTION_NUMBER, COMMAND_WATCH, AT(count), 1, 1000000000, "N",
     "end after N events", NULL},
    {0, "for", EESE_OPTION_SECONDS, COMMAND_WATCH, AT(period), 0, PERIOD_MAX, "SECONDS",
     "end after that time", NULL},
    {0},
};

static const struct eese_option common[] = {
    {0, "json", EESE_OPTION_FLAG, EESE_OPTION_EVERYWHERE, AT(json), 0, 0, NULL,
     "print JSON instead of text", NULL},
    {'u', "username", EESE_OPTION_TEXT, EESE_OPTION_EVERYWHERE, AT(login.username), 0, 0, "NAME",
     "MQTT username of an administrator", NULL},
    {'i', "id", EESE_OPTION_TEXT, EESE_OPTION_EVERYWHERE, AT(login.id), 0, 0, "ID",
     "client id [eese-ctl- and random digits]", NULL},
    {'W', "timeout", EESE_OPTION_SECONDS, EESE_OPTION_EVERYWHERE, AT(timeout), 0, TIMEOUT_MAX,
     "SECONDS", "how long to wait for the connection, and for each answer [10]", NULL},
    {0, "quiet", EESE_OPTION_FLAG, EESE_OPTION_EVERYWHERE, AT(quiet), 0, 0, NULL,
     "print no error messages and no progress", NULL},
    {'d', "debug", EESE_OPTION_FLAG, EESE_OPTION_EVERYWHERE, AT(debug), 0, 0, NULL,
     "print what goes on, on stderr", NULL},
    {0, "help", EESE_OPTION_HELP, EESE_OPTION_EVERYWHERE, 0, 0, 0, NULL,
     "print this text; behind a command, its own", NULL},
    {0},
};

static void tables_of(struct options *o, struct eese_option_table tables[TABLES])
{
	tables[0] = (struct eese_option_table){own, o};
	tables[COMMON] = (struct eese_option_table){common, o};
	tables[2] = (struct eese_option_table){eese_login_options, o != NULL ? &o->login : NULL};
}

void options_print_help(const struct command *command)
{
	struct eese_option_table tables[TABLES];

	tables_of(NULL, tables);
	if (command != NULL)
		eese_options_help(tables, COMMON + 1, command->bit);
	else
		eese_options_help(tables + COMMON, TABLES - COMMON, EESE_OPTION_EVERYWHERE);
}

int options_usage(const struct command *command, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	say_error("%s", text);
	say_error("try 'eese-ctl %s%s--help'", command != NULL ? command->name : "",
		  command != NULL ? " " : "");
	return EXIT_USAGE;
}

/* Reads up to the command's name, or if the command is known all behind that. */
static int read_options(struct options *o, int argc, char *argv[], int *first)
{
	struct eese_option_table tables[TABLES];
	const unsigned which = o->command != NULL ? o->command->bit : EESE_OPTION_EVERYWHERE;

	tables_of(o, tables);
	switch (eese_options_read(tables, TABLES, which, o->command == NULL, argc, argv, first)) {
	case EESE_OPTIONS_READ:
		return GO_ON;
	case EESE_OPTIONS_HELP:
		if (o->command != NULL)
			help_command(o->command);
		else
			help_overview();
		return EXIT_DONE;
	case EESE_OPTIONS_WRONG:
		break;
	}
	say_error("try 'eese-ctl %s%s--help'", o->command != NULL ? o->command->name : "",
		  o->command != NULL ? " " : "");
	return EXIT_USAGE;
}

/* 'help' and 'help COMMAND'. */
static int help(int argc, char *argv[])
{
	const struct command *c = argc > 1 ? command_named(argv[1]) : NULL;

	if (argc > 1 && c == NULL)
		return options_usage(NULL, "%s: no such command", argv[1]);
	if (c != NULL)
		help_command(c);
	else
		help_overview();
	return EXIT_DONE;
}

static int read_command_line(struct options *o, int argc, char *argv[])
{
	int first, code = read_options(o, argc, argv, &first);

	if (code != GO_ON)
		return code;
	if (first == argc)
		return options_usage(NULL, "a command is needed");
	argc -= first;
	argv += first;
	if (strcmp(argv[0], "help") == 0)
		return help(argc, argv);
	o->command = command_named(argv[0]);
	if (o->command == NULL)
		return options_usage(NULL, "%s: no such command", argv[0]);
	code = read_options(o, argc, argv, &first);
	if (code != GO_ON)
		return code;
	o->args = argv + first;
	o->arg_count = (size_t)(argc - first);
	return GO_ON;
}

/* What is wrong with the options as a whole, or NULL. */
static const char *complaint(const struct options *o)
{
	if (o->group != NULL && !eese_ue_id_valid(o->group, strlen(o->group)))
		return "--group: 1 to 64 characters of A-Za-z0-9._@- are needed";
	if (o->state != NULL && !text_is_state(o->state))
		return "--state: one of " TEXT_STATES " is needed";
	if (o->app[0] == '\0' || strpbrk(o->app, "/+#") != NULL)
		return "--app: one level of a topic is needed";
	if (o->timeout == 0)
		return "--timeout: must be longer";
	return NULL;
}

int options_parse(struct options *o, int argc, char *argv[])
{
	struct eese_option_table tables[TABLES];
	const char *password = NULL, *password_file = NULL, *wrong;
	int code;

	*o = (struct options){.timeout = 10000, .te2e = -1, .app = "app"};
	eese_login_init(&o->login);
	tables_of(o, tables);
	if (!config_read(tables + COMMON, TABLES - COMMON))
		return EXIT_USAGE;
	/* A password of the command line takes the place of the file's, in whatever way it comes.
	 */
	password = o->login.password;
	password_file = o->login.password_file;
	o->login.password = o->login.password_file = NULL;
	code = read_command_line(o, argc, argv);
	if (code != GO_ON)
		return code;
	if (o->login.password == NULL && o->login.password_file == NULL) {
		o->login.password = password;
		o->login.password_file = password_file;
	}
	say_setup(o->quiet, o->debug, false);
	wrong = complaint(o);
	if (wrong != NULL)
		return options_usage(o->command, "%s", wrong);
	return eese_login_complete(&o->login) ? GO_ON : EXIT_USAGE;
}
