/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "host/say.h"

static int overview(void)
{
	puts("Usage: eese-ue pub [OPTION]...   publish as an end-to-end protected device\n"
	     "       eese-ue sub [OPTION]...   print the downlink messages of one\n"
	     "       eese-ue --help | --version\n\n"
	     "'eese-ue pub --help' and 'eese-ue sub --help' list the options.");
	return EXIT_DONE;
}

int main(int argc, char *argv[])
{
	const char *word = argc > 1 ? argv[1] : "";
	const bool pub = strcmp(word, "pub") == 0;
	struct options o;
	int code;

	if (strcmp(word, "--help") == 0)
		return overview();
	if (strcmp(word, "--version") == 0)
		return puts("eese-ue " EESE_VERSION) < 0 ? EXIT_MESSAGE : EXIT_DONE;
	if (!pub && strcmp(word, "sub") != 0) {
		say_error("pub or sub is needed; try 'eese-ue --help'");
		return EXIT_USAGE;
	}
	code = options_parse(&o, pub ? COMMAND_PUB : COMMAND_SUB, argc - 1, argv + 1);
	if (code != GO_ON)
		return code;
	return pub ? pub_run(&o) : sub_run(&o);
}
