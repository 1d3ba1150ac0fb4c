/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/each.h"

#include "ctl/out.h"
#include "ctl/progress.h"
#include "ctl/request.h"
#include "host/say.h"

static cJSON *make(const struct each *e, const char *name)
{
	cJSON *command = request_command(e->command);

	cJSON_AddStringToObject(command, "ueId", name);
	if (e->fill != NULL)
		e->fill(e->options, e->ctx, command);
	return command;
}

static void print_item(const char *name, const char *error)
{
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "ueId", name);
	if (error != NULL)
		cJSON_AddStringToObject(item, "error", error);
	out_array_item(item);
	cJSON_Delete(item);
}

static void take(struct each *e, const char *name, const cJSON *response)
{
	const char *error = request_error(response);
	bool printed = false;

	if (error == NULL && e->print != NULL) {
		printed = e->print(e->options, response);
		error = printed ? NULL : "the broker's answer makes no sense";
	}
	if (error == NULL)
		e->succeeded++;
	else
		e->failed++;
	if (e->options->json && !printed) {
		print_item(name, error);
	} else if (error != NULL) {
		progress_clear();
		say_error("%s: %s", name, error);
	}
}

static int run_some(struct each *e, struct link *l, char *const *names, size_t count)
{
	cJSON *commands = cJSON_CreateArray(), *responses;
	const cJSON *r;
	int code;

	for (size_t i = 0; i < count; i++)
		cJSON_AddItemToArray(commands, make(e, names[i]));
	code = request_run(l, commands, &responses);
	if (code != GO_ON)
		return code;
	cJSON_ArrayForEach(r, responses) take(e, *names++, r);
	cJSON_Delete(responses);
	return GO_ON;
}

int each_run(struct each *e, struct link *l, const struct names *names)
{
	size_t at = 0;
	int code = GO_ON;

	progress_start(e->options, e->options->json || e->print != NULL);
	if (e->options->json)
		out_array_begin();
	while (code == GO_ON && at < names->count && !out_failed()) {
		const size_t left = names->count - at,
			     count = left < REQUEST_COMMANDS_MAX ? left : REQUEST_COMMANDS_MAX;

		code = run_some(e, l, names->list + at, count);
		if (code == GO_ON)
			at += count;
		progress(at, names->count);
	}
	progress_clear();
	if (e->options->json && code == GO_ON)
		out_array_end();
	if (code != GO_ON && at > 0)
		say_error("before that %zu of %zu UEs were done", at, names->count);
	return code != GO_ON ? code : e->failed > 0 ? EXIT_REFUSED : EXIT_DONE;
}
