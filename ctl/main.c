/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "ctl/memory.h"
#include "ctl/out.h"

/* Where one of the three standard files is closed, the connection to the broker would take its
 * place, and messages to the user would go there. What is written to this fails. */
static void fill_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char *argv[])
{
	static struct options o; /* has a password in it, wiped below */
	int code;

	fill_standard_files();
	/* Writes to a pipe that nobody reads are errors like others. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return EXIT_REFUSED;
	memory_for_cjson();
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("eese-ctl " EESE_VERSION);
		return out_finish(EXIT_DONE);
	}
	code = options_parse(&o, argc, argv);
	if (code == GO_ON)
		code = o.command->run(&o);
	eese_login_wipe(&o.login);
	return out_finish(code);
}
