/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ctl/commands.h"
#include "ctl/out.h"
#include "ctl/request.h"
#include "ctl/text.h"

enum { NAME_MIN = 12, NAME_MAX = 60 };

static void print_settings(const cJSON *data)
{
	static const char *const texts[] = {"base", "app"};
	const double te2e = member_number(data, "te2e", -1),
		     margin = member_number(data, "refreshMargin", -1),
		     alg = member_number(data, "alg", -1);
	char duration[TEXT_DURATION_ROOM];

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (member_text(data, texts[i]) != NULL)
			out_line("%-16s%s", texts[i], member_text(data, texts[i]));
	if (te2e >= 0)
		out_line("%-16s%s", "te2e", text_te2e(te2e, duration));
	if (margin >= 0)
		out_line("%-16s%.0f %%", "refresh margin", margin);
	if (alg >= 0)
		out_line("%-16s%.0f (%s)", "algorithm", alg, text_alg(alg));
}

/* The numbers of an object, under their names. */
static void print_numbers(const cJSON *object, int width, bool (*wanted)(const cJSON *item))
{
	for (const cJSON *item = cJSON_IsObject(object) ? object->child : NULL; item != NULL;
	     item = item->next)
		if (cJSON_IsNumber(item) && wanted(item))
			out_line("  %-*s%12.0f", width, item->string, item->valuedouble);
}

static bool any(const cJSON *item)
{
	(void)item;
	return true;
}

/* The UEs have their own part. */
static bool is_counter(const cJSON *item)
{
	return strncmp(item->string, "ues/", 4) != 0;
}

static bool has_counted(const cJSON *item)
{
	return is_counter(item) && item->valuedouble != 0;
}

static int widest(const cJSON *object)
{
	size_t width = NAME_MIN;

	for (const cJSON *item = cJSON_IsObject(object) ? object->child : NULL; item != NULL;
	     item = item->next)
		if (strlen(item->string) > width)
			width = strlen(item->string);
	return width < NAME_MAX ? (int)width : NAME_MAX;
}

static void print(const cJSON *data, bool verbose)
{
	const cJSON *ues = cJSON_GetObjectItemCaseSensitive(data, "ues"),
		    *counters = cJSON_GetObjectItemCaseSensitive(data, "counters");
	const char *version = member_text(data, "version");
	const int width = widest(counters);
	char duration[TEXT_DURATION_ROOM];

	out_line("EESE %s, up %s", version != NULL ? version : "of unknown version",
		 text_duration(member_number(data, "uptime", 0), duration));
	print_settings(data);
	out_line("%s", "");
	out_line("UEs");
	print_numbers(ues, width, any);
	out_line("%s", "");
	out_line(verbose ? "Counters" : "Counters that are not 0");
	print_numbers(counters, width, verbose ? is_counter : has_counted);
}

static int run(const struct options *o, struct link *l)
{
	cJSON *data;
	int code = request_one(l, request_command("getStatus"), &data);

	if (code == GO_ON && !cJSON_IsObject(data))
		code = request_nonsense("no status");
	if (code != GO_ON) {
		cJSON_Delete(data);
		return code;
	}
	if (o->json)
		out_json(data);
	else
		print(data, o->verbose);
	cJSON_Delete(data);
	return EXIT_DONE;
}

int status_run(const struct options *o)
{
	struct link l;
	int code;

	if (o->arg_count > 0)
		return options_usage(o->command, "%s: what is that for?", o->args[0]);
	code = link_open(&l, o);
	if (code == GO_ON)
		code = run(o, &l);
	link_close(&l);
	return code;
}
