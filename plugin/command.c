/* SPDX-License-Identifier: Apache-2.0 */
/* Which commands there are, and what their members must look like. */
#include "plugin/command.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define UE_ID (1u << EESE_MEMBER_UE_ID)
#define GROUP (1u << EESE_MEMBER_GROUP)
#define ALL (1u << EESE_MEMBER_ALL)
#define DEFAULT (1u << EESE_MEMBER_DEFAULT)
#define TE2E (1u << EESE_MEMBER_TE2E)
#define COUNT (1u << EESE_MEMBER_COUNT)
#define OFFSET (1u << EESE_MEMBER_OFFSET)
#define STATE (1u << EESE_MEMBER_STATE)
#define VERBOSE (1u << EESE_MEMBER_VERBOSE)
#define INT_KEY (1u << EESE_MEMBER_INT_KEY)

/* In each command; control.c reads them. */
#define ALWAYS ((1u << EESE_MEMBER_COMMAND) | (1u << EESE_MEMBER_CORRELATION))

static const struct command {
	const char *name;
	eese_command *run;
	unsigned needed, optional;
	unsigned nullable;   /* of these, where null is a value */
	unsigned one_of;     /* exactly one of these */
	const char *not_one; /* the error, if not */
	bool lasting;        /* what it changes is to outlive a restart */
} commands[] = {
    {"expireKey", eese_command_expire_key, 0, 0, 0, UE_ID | GROUP | ALL,
     "Exactly one of ueId, group and all is needed", false},
    {"getUe", eese_command_get_ue, UE_ID, 0, 0, 0, NULL, false},
    {"listUes", eese_command_list_ues, 0, COUNT | OFFSET | GROUP | STATE | VERBOSE, 0, 0, NULL,
     false},
    {"setTe2e", eese_command_set_te2e, TE2E, 0, TE2E, UE_ID | GROUP | DEFAULT,
     "Exactly one of ueId, group and default is needed", true},
    {"setGroup", eese_command_set_group, UE_ID | GROUP, 0, GROUP, 0, NULL, true},
    {"addUe", eese_command_add_ue, UE_ID, INT_KEY | TE2E | GROUP, TE2E | GROUP, 0, NULL, true},
    {"removeUe", eese_command_remove_ue, UE_ID, 0, 0, 0, NULL, true},
    {"getStatus", eese_command_get_status, 0, 0, 0, 0, NULL, false},
};

enum form { TEXT, FLAG, ONLY_TRUE, WHOLE };

static const struct {
	const char *name;
	enum form form;
	double min, max; /* WHOLE */
} members[EESE_MEMBERS] = {
    [EESE_MEMBER_COMMAND] = {"command", TEXT, 0, 0},
    [EESE_MEMBER_CORRELATION] = {"correlationData", TEXT, 0, 0},
    [EESE_MEMBER_UE_ID] = {"ueId", TEXT, 0, 0},
    [EESE_MEMBER_GROUP] = {"group", TEXT, 0, 0},
    [EESE_MEMBER_ALL] = {"all", ONLY_TRUE, 0, 0},
    [EESE_MEMBER_DEFAULT] = {"default", ONLY_TRUE, 0, 0},
    [EESE_MEMBER_TE2E] = {"te2e", WHOLE, 0, EESE_TE2E_MAX_S},
    [EESE_MEMBER_COUNT] = {"count", WHOLE, 1, 1000},
    [EESE_MEMBER_OFFSET] = {"offset", WHOLE, 0, UINT32_MAX},
    [EESE_MEMBER_STATE] = {"state", TEXT, 0, 0},
    [EESE_MEMBER_VERBOSE] = {"verbose", FLAG, 0, 0},
    [EESE_MEMBER_INT_KEY] = {"e2eIntKey", TEXT, 0, 0},
};

const char *eese_call_text(const struct eese_call *c, enum eese_member m)
{
	return cJSON_GetStringValue(c->at[m]);
}

static bool is_whole(double d, double min, double max)
{
	return d >= min && d <= max && d == (double)(int64_t)d;
}

static bool sound(enum eese_member m, const cJSON *value, unsigned nullable)
{
	if (cJSON_IsNull(value))
		return (nullable & (1u << m)) != 0;
	switch (members[m].form) {
	case TEXT:
		return cJSON_IsString(value);
	case FLAG:
		return cJSON_IsBool(value);
	case ONLY_TRUE:
		return cJSON_IsTrue(value);
	case WHOLE:
		return cJSON_IsNumber(value) &&
		       is_whole(value->valuedouble, members[m].min, members[m].max);
	}
	return false;
}

static enum eese_member find_member(const char *name, unsigned known)
{
	for (unsigned m = 0; m < EESE_MEMBERS; m++)
		if ((known & (1u << m)) != 0 && strcmp(name, members[m].name) == 0)
			return (enum eese_member)m;
	return EESE_MEMBERS;
}

static bool wrong(char error[EESE_COMMAND_ERROR_SIZE], const char *what, const char *name)
{
	int n = snprintf(error, EESE_COMMAND_ERROR_SIZE, "%s%s", what, name);

	if (n >= EESE_COMMAND_ERROR_SIZE) { /* not in the middle of a character */
		size_t end = EESE_COMMAND_ERROR_SIZE - 1;

		while (end > 0 && ((unsigned char)error[end - 1] & 0xc0) == 0x80)
			end--;
		error[end > 0 && (unsigned char)error[end - 1] >= 0xc0 ? end - 1 : end] = '\0';
	}
	return false;
}

/* Sorts the members of the command's object into c->at. */
static bool read_members(const struct command *command, const cJSON *object, struct eese_call *c,
			 char error[EESE_COMMAND_ERROR_SIZE])
{
	unsigned known = command->needed | command->optional | command->one_of | ALWAYS;
	unsigned missing = command->needed;
	const cJSON *value;

	cJSON_ArrayForEach(value, object)
	{
		enum eese_member m = find_member(value->string, known);

		if (m == EESE_MEMBERS)
			return wrong(error, "Unknown member: ", value->string);
		if (c->at[m] != NULL || !sound(m, value, command->nullable))
			return wrong(error, "Invalid/missing ", members[m].name);
		c->at[m] = value;
		missing &= ~(1u << m);
	}
	for (unsigned m = 0; m < EESE_MEMBERS; m++)
		if ((missing & (1u << m)) != 0)
			return wrong(error, "Invalid/missing ", members[m].name);
	return true;
}

static bool has_exactly_one(const struct eese_call *c, unsigned of)
{
	unsigned there = 0;

	for (unsigned m = 0; m < EESE_MEMBERS; m++)
		there += (of & (1u << m)) != 0 && c->at[m] != NULL;
	return there == 1;
}

static bool run(const struct command *command, struct eese_call *c, const cJSON *object,
		char error[EESE_COMMAND_ERROR_SIZE])
{
	const char *failed;

	if (!read_members(command, object, c, error))
		return false;
	if (command->one_of != 0 && !has_exactly_one(c, command->one_of))
		return wrong(error, command->not_one, "");
	if (command->lasting && c->p->persist.failing)
		return wrong(error, "Store can't be written now: it would not last", "");
	failed = command->run(c);
	return failed == NULL || wrong(error, failed, "");
}

bool eese_command_run(struct eese_plugin *p, struct eese_budget *budget, const cJSON *command,
		      cJSON **data, char error[EESE_COMMAND_ERROR_SIZE])
{
	const char *name =
	    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(command, "command"));
	struct eese_call c = {.p = p, .budget = budget};

	*data = NULL;
	for (size_t i = 0; name != NULL && i < sizeof commands / sizeof *commands; i++) {
		if (strcasecmp(name, commands[i].name) != 0)
			continue;
		if (run(&commands[i], &c, command, error)) {
			*data = c.data;
			return true;
		}
		cJSON_Delete(c.data);
		return false;
	}
	return wrong(error, "Unknown command", "");
}
