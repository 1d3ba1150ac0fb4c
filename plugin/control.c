/* SPDX-License-Identifier: Apache-2.0 */
/*
 * $CONTROL/eese/v1: requests in the shape of Mosquitto's dynamic-security plugin,
 *   {"commands":[{"command":"..", .., "correlationData":".."}]}
 * and {"responses":[..]} to the requester alone.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "plugin/command.h"
#include "plugin/plugin.h"

enum { REQUEST_OCTETS = 1024 * 1024, REQUEST_COMMANDS = 1000, ANSWER_LIFE_S = 60 };

static const struct {
	const char *name;
	eese_command *run;
} commands[] = {
    {"expireKey", eese_command_expire_key},
};

/* A response to this command; it is in the list even if memory runs out half way. */
static void respond(cJSON *responses, const char *command, const char *error,
		    const char *correlation)
{
	cJSON *r = cJSON_CreateObject();

	cJSON_AddStringToObject(r, "command", command);
	if (error != NULL)
		cJSON_AddStringToObject(r, "error", error);
	if (correlation != NULL)
		cJSON_AddStringToObject(r, "correlationData", correlation);
	if (!cJSON_AddItemToArray(responses, r))
		cJSON_Delete(r);
}

static void run_command(struct eese_plugin *p, const cJSON *c, cJSON *responses)
{
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(c, "command");
	const cJSON *correlation = cJSON_GetObjectItemCaseSensitive(c, "correlationData");
	const char *text = cJSON_GetStringValue(name);

	if (!cJSON_IsObject(c)) {
		respond(responses, "Unknown command", "Command not an object", NULL);
		return;
	}
	if (text == NULL) {
		respond(responses, "Unknown command", "Missing command", NULL);
		return;
	}
	if (correlation != NULL && !cJSON_IsString(correlation)) {
		respond(responses, text, "Invalid correlationData data type.", NULL);
		return;
	}
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcasecmp(text, commands[i].name) == 0) {
			respond(responses, text, commands[i].run(p, c),
				cJSON_GetStringValue(correlation));
			return;
		}
	}
	respond(responses, text, "Unknown command", cJSON_GetStringValue(correlation));
}

static void run_all(struct eese_plugin *p, const cJSON *request, cJSON *responses)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(request, "commands");
	const cJSON *c;

	if (!cJSON_IsArray(list)) {
		respond(responses, "Unknown command", "Invalid/missing commands", NULL);
	} else if (cJSON_GetArraySize(list) > REQUEST_COMMANDS) {
		respond(responses, "Unknown command", "Too many commands: at most 1000", NULL);
	} else {
		cJSON_ArrayForEach(c, list) run_command(p, c, responses);
	}
}

static void run_request(struct eese_plugin *p, const struct mosquitto_evt_control *m,
			cJSON *responses)
{
	const char *user = mosquitto_client_username(m->client);
	cJSON *request;

	if (!eese_words_have(p->options.admins, user)) {
		p->counters[EESE_PLUGIN_CONTROL_REFUSED]++;
		respond(responses, "Unknown command", "Not authorised", NULL);
		return;
	}
	if (m->payloadlen > REQUEST_OCTETS) {
		respond(responses, "Unknown command", "Payload too long: at most 1 MiB", NULL);
		return;
	}
	request = cJSON_ParseWithLength(m->payload, m->payloadlen);
	if (request == NULL)
		respond(responses, "Unknown command", "Payload not valid JSON", NULL);
	else
		run_all(p, request, responses);
	cJSON_Delete(request);
}

/* To the requester's client id: no subscription needed, nobody else sees it. QoS 1 with an expiry,
 * as the broker leaks what it can't deliver to a sleeping client at QoS 0. */
static void send_answer(const char *client_id, const char *json)
{
	size_t len = strlen(json);
	char *payload = mosquitto_malloc(len + 1);
	mosquitto_property *properties = NULL;

	if (payload == NULL)
		return;
	memcpy(payload, json, len + 1);
	if (mosquitto_property_add_int32(&properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
					 ANSWER_LIFE_S) == MOSQ_ERR_SUCCESS &&
	    mosquitto_broker_publish(client_id, EESE_CONTROL_TOPIC "/response", (int)len, payload,
				     1, false, properties) == MOSQ_ERR_SUCCESS)
		return;
	mosquitto_property_free_all(&properties);
	mosquitto_free(payload);
}

int eese_on_control(int event, void *event_data, void *userdata)
{
	struct eese_plugin *p = userdata;
	const struct mosquitto_evt_control *m = event_data;
	const char *client_id = m->client != NULL ? mosquitto_client_id(m->client) : NULL;
	cJSON *tree, *responses;
	char *json;

	(void)event;
	if (client_id == NULL)
		return MOSQ_ERR_SUCCESS;
	tree = cJSON_CreateObject();
	responses = cJSON_AddArrayToObject(tree, "responses");
	if (responses != NULL)
		run_request(p, m, responses);
	json = cJSON_PrintUnformatted(tree);
	if (json != NULL)
		send_answer(client_id, json);
	cJSON_free(json);
	cJSON_Delete(tree);
	return MOSQ_ERR_SUCCESS;
}
