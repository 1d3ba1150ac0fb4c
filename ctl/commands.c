/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/commands.h"

#include <string.h>

const struct command commands[] = {
    {"status", COMMAND_STATUS, status_run, "", "how the EESE is: settings, UEs, counters",
     "Prints version, uptime and settings of the EESE, how many UEs are in which state (of its\n"
     "latest count, which is at most about a minute old), and its counters.\n"},
    {"list", COMMAND_LIST, list_run, "", "the UEs, one a line",
     "Prints the names of all UEs, or of those of a group or in a state, in no particular order;\n"
     "with -v a table. The EESE is asked for a thousand at a time: UEs added or removed meanwhile\n"
     "may come twice or not at all.\n\n"
     "States: noKey (no e2e_int_key), new (no keyset yet), pending (one announced, not yet used\n"
     "by the device), valid, refreshing (valid, and the next one announced), expired (refused\n"
     "until the device refreshes).\n"},
    {"show", COMMAND_SHOW, show_run, "UE...", "all about some UEs",
     "Prints what the EESE knows about each UE, never a key: IKID names the e2e_int_key.\n"},
    {"expire", COMMAND_EXPIRE, expire_run, "{UE... | --group GROUP | --all}",
     "keysets invalid from now on",
     "Makes every keyset there is invalid, announced ones too: of the UEs named, of a group, or\n"
     "of all. What a device protected under them is refused, and it gets a new one when it next\n"
     "makes contact. --all asks first; where there is no terminal to ask on it needs --yes.\n"},
    {"te2e", COMMAND_TE2E, te2e_run, "{SECONDS | default} {UE... | --group GROUP | --default}",
     "how long a keyset lives",
     "Sets the life of a keyset from its first use, of the UEs named, of a group, or the default\n"
     "of all; it counts at once, for keysets in use too. 0: for ever. The word default takes a\n"
     "setting back: the UE has its group's again, the group the default, the default what the\n"
     "broker's configuration says.\n"},
    {"group", COMMAND_GROUP, group_run, "{GROUP | --none} UE...", "into which group UEs belong",
     "Puts the UEs into a group, or with --none into none. A group begins when something is\n"
     "first said of it.\n"},
    {"add", COMMAND_ADD, add_run, "UE", "a new UE",
     "Adds a UE. Its e2e_int_key is read from a file, never from the command line; - is standard\n"
     "input. It stands there as 64 hexadecimal digits alone, or on the line of this UE in a key\n"
     "file, 'UE-ID 64-HEX-DIGITS'. A file that others than its owner can open is refused. Without\n"
     "--key-file the UE has no key yet.\n\n"
     "The key is in the request to the broker: use TLS (--cafile), unless the broker is on this\n"
     "host.\n"},
    {"remove", COMMAND_REMOVE, remove_run, "UE...", "UEs, and all secrets of them",
     "Removes the UEs and wipes their secrets. A UE in the broker's key file comes again when its\n"
     "line there is changed. It asks first; where there is no terminal to ask on it needs "
     "--yes.\n"},
    {"watch", COMMAND_WATCH, watch_run, "[UE...]", "events as they come, one a line",
     "Prints the events of all UEs, or of those named, until it is ended: keys expired,\n"
     "refreshed and taken back, messages refused. A connection that is lost is made again; the\n"
     "events in between are lost. The user needs to be allowed to read APP/+/event.\n"},
    {0},
};

const struct command *command_named(const char *name)
{
	for (const struct command *c = commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}
