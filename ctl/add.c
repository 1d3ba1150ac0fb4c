/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ctl/commands.h"
#include "ctl/key.h"
#include "ctl/memory.h"
#include "ctl/out.h"
#include "ctl/request.h"
#include "host/hex.h"

static void add_key(cJSON *command, const uint8_t key[EESE_INT_KEY_SIZE])
{
	char hex[2 * EESE_INT_KEY_SIZE + 1];

	eese_hex_write(key, EESE_INT_KEY_SIZE, hex);
	cJSON_AddStringToObject(command, "e2eIntKey", hex);
	eese_wipe(hex, sizeof hex);
}

static cJSON *make(const struct options *o, const uint8_t key[EESE_INT_KEY_SIZE])
{
	cJSON *command = request_command("addUe");

	cJSON_AddStringToObject(command, "ueId", o->args[0]);
	if (o->key_file != NULL)
		add_key(command, key);
	if (o->te2e >= 0)
		cJSON_AddNumberToObject(command, "te2e", (double)o->te2e);
	if (o->group != NULL)
		cJSON_AddStringToObject(command, "group", o->group);
	return command;
}

static void print(const struct options *o)
{
	cJSON *item;

	if (!o->json) {
		out_line("%s: added%s", o->args[0], o->key_file == NULL ? ", without a key" : "");
		return;
	}
	item = cJSON_CreateObject();
	cJSON_AddStringToObject(item, "ueId", o->args[0]);
	out_array_begin();
	out_array_item(item);
	out_array_end();
	cJSON_Delete(item);
}

static int run(const struct options *o, const uint8_t key[EESE_INT_KEY_SIZE])
{
	struct link l;
	cJSON *data = NULL;
	int code = link_open(&l, o);

	if (code == GO_ON)
		code = request_one(&l, make(o, key), &data);
	cJSON_Delete(data);
	link_close(&l);
	if (code != GO_ON)
		return code;
	print(o);
	return EXIT_DONE;
}

int add_run(const struct options *o)
{
	uint8_t key[EESE_INT_KEY_SIZE];
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
