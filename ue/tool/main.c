/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "host/say.h"

static int overview(void)
{
	puts("Usage: eese-ue pub [OPTION]...   publish as an end-to-end protected device\n"
	     "       eese-ue sub [OPTION]...   print the downlink messages of one\n"
	     "       eese-ue aka [OPTION]...   run AKA with its home network for a new key\n"
	     "       eese-ue --help | --version\n\n"
	     "'eese-ue pub --help' and so on list the options.");
	return EXIT_DONE;
}

static const struct {
	const char *name;
	enum command command;
	int (*run)(const struct options *o);
} commands[] = {
    {"pub", COMMAND_PUB, pub_run},
    {"sub", COMMAND_SUB, sub_run},
    {"aka", COMMAND_AKA, aka_run},
};

int main(int argc, char *argv[])
{
	const char *word = argc > 1 ? argv[1] : "";
	struct options o;
	int code;

	if (strcmp(word, "--help") == 0)
		return overview();
	if (strcmp(word, "--version") == 0)
		return puts("eese-ue " EESE_VERSION) < 0 ? EXIT_MESSAGE : EXIT_DONE;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(word, commands[i].name) != 0)
			continue;
		code = options_parse(&o, commands[i].command, argc - 1, argv + 1);
		return code == GO_ON ? commands[i].run(&o) : code;
	}
	say_error("pub, sub or aka is needed; try 'eese-ue --help'");
	return EXIT_USAGE;
}
