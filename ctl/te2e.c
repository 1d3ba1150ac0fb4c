/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "ctl/change.h"
#include "ctl/commands.h"
#include "ctl/text.h"
#include "host/number.h"

enum { TAKEN_BACK = -1 };

/* The first argument: a number of seconds, or "default". */
static bool read_life(const struct options *o, long *seconds)
{
	if (strcmp(o->args[0], "default") == 0) {
		*seconds = TAKEN_BACK;
		return true;
	}
	return eese_number_read(o->args[0], 0, OPTIONS_TE2E_MAX, seconds);
}

static void fill(const struct options *o, const void *ctx, cJSON *command)
{
	const long *seconds = ctx;

	(void)o;
	if (*seconds == TAKEN_BACK)
		cJSON_AddNullToObject(command, "te2e");
	else
		cJSON_AddNumberToObject(command, "te2e", (double)*seconds);
}

int te2e_run(const struct options *o)
{
	char duration[TEXT_DURATION_ROOM], done[TEXT_DURATION_ROOM + 16];
	long seconds;
	const struct change c = {.command = "setTe2e",
				 .fill = fill,
				 .ctx = &seconds,
				 .whole = "default",
				 .whole_given = o->default_te2e,
				 .done = done};

	if (o->arg_count == 0 || !read_life(o, &seconds))
		return options_usage(o->command,
				     "the first argument must be 0 to %d seconds, or default",
				     OPTIONS_TE2E_MAX);
	if (seconds == TAKEN_BACK)
		snprintf(done, sizeof done, "te2e set back");
	else
		snprintf(done, sizeof done, "te2e %s", text_te2e((double)seconds, duration));
	return change_run(o, &c, 1);
}
