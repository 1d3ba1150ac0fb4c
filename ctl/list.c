/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "ctl/commands.h"
#include "ctl/out.h"
#include "ctl/progress.h"
#include "ctl/request.h"
#include "ctl/table.h"
#include "ctl/text.h"

enum { PAGE = 1000 };

struct list {
	const struct options *options;
	struct link link;
	struct table table;
	size_t printed;
	double offset;
	bool more;
};

static const char *const heads[] = {"UE",   "STATE", "GROUP", "KSN", "EXPIRES IN",
				    "TE2E", "UP",    "DOWN",  NULL};

static size_t page_size(const struct list *l)
{
	const size_t limit = (size_t)l->options->limit;

	return limit > 0 && limit - l->printed < PAGE ? limit - l->printed : PAGE;
}

static cJSON *make(const struct list *l)
{
	const struct options *o = l->options;
	cJSON *command = request_command("listUes");

	cJSON_AddNumberToObject(command, "count", (double)page_size(l));
	cJSON_AddNumberToObject(command, "offset", l->offset);
	if (o->group != NULL)
		cJSON_AddStringToObject(command, "group", o->group);
	if (o->state != NULL)
		cJSON_AddStringToObject(command, "state", o->state);
	if (o->verbose)
		cJSON_AddTrueToObject(command, "verbose");
	return command;
}

static const char *number_cell(const cJSON *ue, const char *name, char out[32])
{
	const double value = member_number(ue, name, -1);

	if (value < 0)
		return NULL;
	snprintf(out, 32, "%.0f", value);
	return out;
}

static void add_row(struct table *t, const cJSON *ue)
{
	char ksn[32], expires[TEXT_DURATION_ROOM], te2e[TEXT_DURATION_ROOM], up[32], down[32];
	const double left = member_number(ue, "expiresIn", -1),
		     life = member_number(ue, "te2e", -1);
	const char *const cells[] = {
	    member_text(ue, "ueId"),
	    member_text(ue, "state"),
	    member_text(ue, "group"),
	    number_cell(ue, "ksn", ksn),
	    left >= 0 ? text_duration(left, expires) : NULL,
	    life >= 0 ? text_te2e(life, te2e) : NULL,
	    number_cell(ue, "uplink", up),
	    number_cell(ue, "downlink", down),
	};

	table_row(t, cells);
}

static bool shaped(const struct list *l, const cJSON *ue)
{
	return l->options->verbose ? member_text(ue, "ueId") != NULL : cJSON_IsString(ue);
}

static void print(struct list *l, const cJSON *ue)
{
	if (l->options->json)
		out_array_item(ue);
	else if (l->options->verbose)
		add_row(&l->table, ue);
	else
		out_line("%s", ue->valuestring);
}

/* Where the list goes on; false: nowhere that is behind where it was, so it would have no end. */
static bool take_offset(struct list *l, const cJSON *data)
{
	const double next = member_number(data, "nextOffset", -1);

	l->more = cJSON_GetObjectItemCaseSensitive(data, "nextOffset") != NULL;
	if (!l->more)
		return true;
	if (!(next > l->offset && next < 1e15))
		return false;
	l->offset = next;
	return true;
}

static int take_page(struct list *l, const cJSON *data, size_t asked)
{
	const cJSON *ues = cJSON_GetObjectItemCaseSensitive(data, "ues"), *ue;

	if (!cJSON_IsArray(ues) || (size_t)cJSON_GetArraySize(ues) > asked || !take_offset(l, data))
		return request_nonsense("no list of UEs");
	cJSON_ArrayForEach(ue, ues)
	{
		if (!shaped(l, ue))
			return request_nonsense("no UE in a list of UEs");
		print(l, ue);
		l->printed++;
	}
	if (l->options->verbose && !l->options->json)
		table_print(&l->table);
	return GO_ON;
}

static int run_page(struct list *l)
{
	const size_t asked = page_size(l);
	cJSON *data;
	int code = request_one(&l->link, make(l), &data);

	if (code != GO_ON)
		return code;
	code = take_page(l, data, asked);
	progress(l->printed, 0);
	cJSON_Delete(data);
	return code;
}

static int run(struct list *l)
{
	const struct options *o = l->options;
	int code = link_open(&l->link, o);

	progress_start(o, true);
	if (code == GO_ON && o->json)
		out_array_begin();
	l->more = true;
	while (code == GO_ON && l->more && !out_failed() &&
	       (o->limit == 0 || l->printed < (size_t)o->limit))
		code = run_page(l);
	progress_clear();
	if (code == GO_ON && o->json)
		out_array_end();
	return code == GO_ON ? EXIT_DONE : code;
}

int list_run(const struct options *o)
{
	struct list l = {.options = o};
	int code;

	if (o->arg_count > 0)
		return options_usage(o->command, "%s: what is that for? see 'show'", o->args[0]);
	table_init(&l.table, heads, 1U << 3 | 1U << 4 | 1U << 5 | 1U << 6 | 1U << 7);
	code = run(&l);
	link_close(&l.link);
	table_free(&l.table);
	return code;
}
