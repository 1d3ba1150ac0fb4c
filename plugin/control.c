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
#include "plugin/scan.h"

enum {
	REQUEST_OCTETS = 1024 * 1024,
	REQUEST_COMMANDS = 1000,
	REQUEST_VALUES = 50000,
	ANSWER_LIFE_S = 60
};

/* A response to this command; it is in the list even if memory runs out half way. data, which may
 * be NULL, is taken over. */
static void respond(cJSON *responses, const char *command, const char *error, cJSON *data,
		    const char *correlation)
{
	cJSON *r = cJSON_CreateObject();

	cJSON_AddStringToObject(r, "command", command);
	if (error != NULL)
		cJSON_AddStringToObject(r, "error", error);
	if (data != NULL && !cJSON_AddItemToObject(r, "data", data))
		cJSON_Delete(data);
	if (correlation != NULL)
		cJSON_AddStringToObject(r, "correlationData", correlation);
	if (!cJSON_AddItemToArray(responses, r))
		cJSON_Delete(r);
}

/* What is wrong with the request as a whole. */
static void refuse(cJSON *responses, const char *error)
{
	respond(responses, "Unknown command", error, NULL, NULL);
}

static void run_command(struct eese_plugin *p, struct eese_budget *budget, const cJSON *c,
			cJSON *responses)
{
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(c, "command");
	const cJSON *correlation = cJSON_GetObjectItemCaseSensitive(c, "correlationData");
	const char *text = cJSON_GetStringValue(name);
	char error[EESE_COMMAND_ERROR_SIZE];
	cJSON *data;
	bool done;

	if (!cJSON_IsObject(c)) {
		refuse(responses, "Command not an object");
		return;
	}
	if (text == NULL) {
		refuse(responses, "Missing command");
		return;
	}
	if (correlation != NULL && !cJSON_IsString(correlation)) {
		respond(responses, text, "Invalid correlationData data type.", NULL, NULL);
		return;
	}
	done = eese_command_run(p, budget, c, &data, error);
	respond(responses, text, done ? NULL : error, data, cJSON_GetStringValue(correlation));
}

/* The keys that addUe brought, whether or not it was done. */
static void wipe_keys(const cJSON *command)
{
	const cJSON *member;

	cJSON_ArrayForEach(member, command)
	{
		if (cJSON_IsString(member) && member->string != NULL &&
		    strcmp(member->string, "e2eIntKey") == 0)
			eese_wipe(member->valuestring, strlen(member->valuestring));
	}
}

static void run_all(struct eese_plugin *p, const cJSON *request, cJSON *responses)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(request, "commands");
	struct eese_budget budget = {.tell = EESE_REQUEST_TELL, .places = EESE_REQUEST_PLACES};
	const cJSON *c;

	if (!cJSON_IsArray(list))
		refuse(responses, "Invalid/missing commands");
	else if (cJSON_GetArraySize(list) > REQUEST_COMMANDS)
		refuse(responses, "Too many commands: at most 1000");
	else
		cJSON_ArrayForEach(c, list) run_command(p, &budget, c, responses);
	cJSON_ArrayForEach(c, list) wipe_keys(c);
}

/* NULL: it is not one JSON value and nothing else. */
static cJSON *parse(const char *text, size_t len)
{
	const char *end = NULL;
	cJSON *request = cJSON_ParseWithLengthOpts(text, len, &end, false);

	while (request != NULL && end < text + len && strchr(" \t\r\n", *end) != NULL &&
	       *end != '\0')
		end++;
	if (request != NULL && end < text + len) {
		cJSON_Delete(request);
		return NULL;
	}
	return request;
}

static void run_request(struct eese_plugin *p, const struct mosquitto_evt_control *m,
			cJSON *responses)
{
	const char *user = mosquitto_client_username(m->client);
	enum eese_scan scan;
	cJSON *request;

	if (!eese_words_have(p->options.admins, user)) {
		p->counters[EESE_PLUGIN_CONTROL_REFUSED]++;
		refuse(responses, "Not authorised");
		return;
	}
	if (m->payloadlen > REQUEST_OCTETS) {
		refuse(responses, "Payload too long: at most 1 MiB");
		return;
	}
	scan = eese_scan_json(m->payload, m->payloadlen, REQUEST_VALUES);
	if (scan == EESE_SCAN_MANY) {
		refuse(responses, EESE_ERROR_TEXT_TOO_MUCH);
		return;
	}
	request = scan == EESE_SCAN_GOOD ? parse(m->payload, m->payloadlen) : NULL;
	if (request == NULL)
		refuse(responses, "Payload not valid JSON");
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
