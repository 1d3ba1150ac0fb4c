/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "ctl/commands.h"

static const char exit_codes[] =
    "\nExit codes:\n"
    "  0  done\n"
    "  1  the EESE or the broker refuses a command, or the output could not be written\n"
    "  2  usage, a file that can't be used, or not confirmed\n"
    "  3  no connection to the broker, or it was lost: address, TLS, login\n"
    "  4  no answer in time\n"
    "\nMore in eese-ctl(1).";

void help_overview(void)
{
	puts(
	    "Usage: eese-ctl [OPTION]... COMMAND [ARGUMENT]... [OPTION]...\n\n"
	    "Administers the end-to-end security (EESE) of a Mosquitto broker, as a user named in\n"
	    "plugin_opt_admins.\n\n"
	    "Commands:");
	for (const struct command *c = commands; c->name != NULL; c++)
		printf("  %-8s%s\n", c->name, c->summary);
	puts(
	    "  help    this text; of a command: 'eese-ctl help COMMAND'\n\n"
	    "Options of every command; those used each time can stand in ~/.config/eese-ctl, one a "
	    "line:");
	options_print_help(NULL);
	puts(exit_codes);
}

void help_command(const struct command *command)
{
	printf("Usage: eese-ctl [OPTION]... %s%s%s [OPTION]...\n\n%s\n", command->name,
	       *command->synopsis != '\0' ? " " : "", command->synopsis, command->text);
	puts("Options:");
	options_print_help(command);
	puts("\nOptions of the connection and exit codes: 'eese-ctl --help'. More in eese-ctl(1).");
}
