/* SPDX-License-Identifier: Apache-2.0 */
/* The administrator's commands, each from its JSON object (docs/control.md). */
#ifndef EESE_PLUGIN_COMMAND_H
#define EESE_PLUGIN_COMMAND_H

#include <cjson/cJSON.h>

#include "plugin/plugin.h"

/* The members that commands know, by the names of docs/control.md. */
enum eese_member {
	EESE_MEMBER_COMMAND,
	EESE_MEMBER_CORRELATION,
	EESE_MEMBER_UE_ID,
	EESE_MEMBER_GROUP,
	EESE_MEMBER_ALL,
	EESE_MEMBER_DEFAULT,
	EESE_MEMBER_TE2E,
	EESE_MEMBER_COUNT,
	EESE_MEMBER_OFFSET,
	EESE_MEMBER_STATE,
	EESE_MEMBER_VERBOSE,
	EESE_MEMBER_INT_KEY,
	EESE_MEMBERS
};

/* What a whole request may still cost, so that none holds up the broker. */
struct eese_budget {
	size_t tell;   /* of so many UEs */
	size_t places; /* of the table of UEs, to look at */
};

enum { EESE_REQUEST_TELL = 2000, EESE_REQUEST_PLACES = 20000, EESE_STATUS_COST = 20 };

/* One command, its members' types and values found good. */
struct eese_call {
	struct eese_plugin *p;
	struct eese_budget *budget;
	const cJSON *at[EESE_MEMBERS]; /* NULL: not there */
	cJSON *data;                   /* what it tells, the caller's; NULL: nothing */
};

enum { EESE_COMMAND_ERROR_SIZE = 128 };

/*
 * Runs one command. true: done, and *data is what it tells, to be deleted. false: the error's text
 * is in error, and nothing was done.
 */
bool eese_command_run(struct eese_plugin *p, struct eese_budget *budget, const cJSON *command,
		      cJSON **data, char error[EESE_COMMAND_ERROR_SIZE]);

/* NULL: done. Else the error's text, static, and nothing was done. */
typedef const char *eese_command(struct eese_call *c);

/* change.c */
eese_command eese_command_expire_key;
eese_command eese_command_set_te2e;
eese_command eese_command_set_group;
eese_command eese_command_add_ue;
eese_command eese_command_remove_ue;

/* show.c */
eese_command eese_command_get_ue;
eese_command eese_command_list_ues;
eese_command eese_command_get_status;

/* The text of a member; NULL if it is not there, or null. */
const char *eese_call_text(const struct eese_call *c, enum eese_member m);

#define EESE_ERROR_TEXT_UE_NOT_FOUND "UE not found"
#define EESE_ERROR_TEXT_GROUP_NOT_FOUND "Group not found"
#define EESE_ERROR_TEXT_NO_MEMORY "Out of memory"
#define EESE_ERROR_TEXT_TOO_MUCH "Too much in one request"

#endif
