/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/confirm.h"

#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "host/say.h"

int confirm(const struct options *o, const char *question)
{
	char answer[16];

	if (o->yes)
		return GO_ON;
	if (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1)
		return options_usage(o->command, "no terminal to ask on: --yes is needed");
	fprintf(stderr, "%s [y/N] ", question);
	if (fgets(answer, sizeof answer, stdin) != NULL &&
	    (strcasecmp(answer, "y\n") == 0 || strcasecmp(answer, "yes\n") == 0))
		return GO_ON;
	say_error("nothing was done");
	return EXIT_USAGE;
}
