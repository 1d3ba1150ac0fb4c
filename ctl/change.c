/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/change.h"

#include "ctl/confirm.h"
#include "ctl/each.h"
#include "ctl/out.h"
#include "ctl/request.h"
#include "host/say.h"

static int run_for_ues(const struct options *o, const struct change *c, struct link *l,
		       const struct names *names)
{
	struct each each = {.options = o, .command = c->command, .fill = c->fill, .ctx = c->ctx};
	const int code = each_run(&each, l, names);

	if (!o->json && each.succeeded > 0)
		out_line("%zu UE%s: %s", each.succeeded, each.succeeded == 1 ? "" : "s", c->done);
	return code;
}

/* {"group": ..} or {"all": true} */
static void add_whole(const struct options *o, const struct change *c, cJSON *to)
{
	if (o->group != NULL)
		cJSON_AddStringToObject(to, "group", o->group);
	else
		cJSON_AddTrueToObject(to, c->whole);
}

static void print_whole(const struct options *o, const struct change *c, const char *error)
{
	const char *before = o->group != NULL ? "group " : "",
		   *name = o->group != NULL ? o->group : c->whole;
	cJSON *item;

	if (!o->json && error != NULL) {
		say_error("%s%s: %s", before, name, error);
	} else if (!o->json) {
		out_line("%s%s: %s", before, name, c->done);
	} else {
		item = cJSON_CreateObject();
		add_whole(o, c, item);
		if (error != NULL)
			cJSON_AddStringToObject(item, "error", error);
		out_array_begin();
		out_array_item(item);
		out_array_end();
		cJSON_Delete(item);
	}
}

static int run_for_whole(const struct options *o, const struct change *c, struct link *l)
{
	cJSON *commands = cJSON_CreateArray(), *command = request_command(c->command), *responses;
	const char *error;
	int code;

	add_whole(o, c, command);
	if (c->fill != NULL)
		c->fill(o, c->ctx, command);
	cJSON_AddItemToArray(commands, command);
	code = request_run(l, commands, &responses);
	if (code != GO_ON)
		return code;
	error = request_error(responses->child);
	print_whole(o, c, error);
	code = error == NULL ? EXIT_DONE : EXIT_REFUSED;
	cJSON_Delete(responses);
	return code;
}

static int complain(const struct options *o, const struct change *c)
{
	if (c->whole == NULL)
		return options_usage(o->command, "which UE?");
	return options_usage(o->command, "exactly one of UEs, --group and --%s is needed",
			     c->whole);
}

static int connect_and_run(const struct options *o, const struct change *c,
			   const struct names *names)
{
	struct link l;
	int code = link_open(&l, o);

	if (code == GO_ON)
		code = names->count > 0 ? run_for_ues(o, c, &l, names) : run_for_whole(o, c, &l);
	link_close(&l);
	return code;
}

int change_run(const struct options *o, const struct change *c, size_t first)
{
	const bool named = o->arg_count > first || o->from != NULL;
	struct names names = {0};
	int code;

	if (named + (o->group != NULL) + c->whole_given != 1)
		return complain(o, c);
	code = names_read(&names, o, first);
	if (code == GO_ON && c->ask != NULL)
		code = confirm(o, c->ask);
	/* A list with nothing in it is no mistake, and not all. */
	if (code == GO_ON && named && names.count == 0)
		code = EXIT_DONE;
	if (code == GO_ON)
		code = connect_and_run(o, c, &names);
	names_free(&names);
	return code;
}
