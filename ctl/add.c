/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ctl/commands.h"
#include "ctl/each.h"
#include "ctl/key.h"
#include "ctl/memory.h"
#include "ctl/out.h"
#include "host/hex.h"

static void add_key(cJSON *command, const uint8_t key[EESE_INT_KEY_SIZE])
{
	char hex[2 * EESE_INT_KEY_SIZE + 1];

	eese_hex_write(key, EESE_INT_KEY_SIZE, hex);
	cJSON_AddStringToObject(command, "e2eIntKey", hex);
	eese_wipe(hex, sizeof hex);
}

static void fill(const struct options *o, const void *key, cJSON *command)
{
	if (o->key_file != NULL)
		add_key(command, key);
	if (o->te2e >= 0)
		cJSON_AddNumberToObject(command, "te2e", (double)o->te2e);
	if (o->group != NULL)
		cJSON_AddStringToObject(command, "group", o->group);
}

static int run(const struct options *o, const uint8_t key[EESE_INT_KEY_SIZE])
{
	struct each each = {.options = o, .command = "addUe", .fill = fill, .ctx = key};
	const struct names names = {.list = o->args, .count = 1};
	struct link l;
	int code = link_open(&l, o);

	if (code == GO_ON)
		code = each_run(&each, &l, &names);
	link_close(&l);
	if (code == EXIT_DONE && !o->json)
		out_line("%s: added%s", o->args[0], o->key_file == NULL ? ", without a key" : "");
	return code;
}

int add_run(const struct options *o)
{
	uint8_t key[EESE_INT_KEY_SIZE] = {0};
	int code = GO_ON;

	if (o->arg_count != 1)
		return options_usage(o->command, "one UE is needed");
	if (!eese_ue_id_valid(o->args[0], strlen(o->args[0])))
		return options_usage(
		    o->command, "%s: a UE-ID is 1 to 64 characters of A-Za-z0-9._@-", o->args[0]);
	memory_seal_off();
	if (o->key_file != NULL)
		code = key_read(o->key_file, o->args[0], key);
	if (code == GO_ON)
		code = run(o, key);
	eese_wipe(key, sizeof key);
	return code;
}
