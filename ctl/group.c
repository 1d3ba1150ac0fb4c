/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "ctl/change.h"
#include "ctl/commands.h"
#include "eese/keys.h"

static void fill(const struct options *o, const void *ctx, cJSON *command)
{
	(void)ctx;
	if (o->none)
		cJSON_AddNullToObject(command, "group");
	else
		cJSON_AddStringToObject(command, "group", o->args[0]);
}

int group_run(const struct options *o)
{
	char done[EESE_UE_ID_MAX + 16] = "in no group";
	const struct change c = {.command = "setGroup", .fill = fill, .done = done};

	if (!o->none && o->arg_count == 0)
		return options_usage(o->command, "which group?");
	if (!o->none && !eese_ue_id_valid(o->args[0], strlen(o->args[0])))
		return options_usage(
		    o->command, "%s: a group is 1 to 64 characters of A-Za-z0-9._@-", o->args[0]);
	if (!o->none)
		snprintf(done, sizeof done, "in group %s", o->args[0]);
	return change_run(o, &c, o->none ? 0 : 1);
}
