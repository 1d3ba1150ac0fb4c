/* SPDX-License-Identifier: Apache-2.0 */
#include "admin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool admin_open(struct mqtt *m, const struct broker *b, const char *client_id,
		enum mqtt_version version)
{
	const struct mqtt_login login = {
	    .version = version, .client_id = client_id, .username = TEST_ADMIN_USER};

	return mqtt_connect(m, b->port, &login) == 0;
}

char *admin_send(struct mqtt *m, const void *octets, size_t len, uint8_t qos)
{
	const struct mqtt_publish p = {
	    .topic = "$CONTROL/eese/v1", .payload = octets, .len = len, .qos = qos};
	struct mqtt_message *msg;
	char *text = NULL;

	EXPECT(mqtt_publish(m, &p) >= 0);
	EXPECT(mqtt_sync(m));
	msg = mqtt_next(m, 0);
	if (msg != NULL) {
		EXPECT(strcmp(msg->topic, "$CONTROL/eese/v1/response") == 0);
		text = (char *)msg->payload;
		msg->payload = NULL;
	}
	mqtt_message_free(msg);
	return text;
}

char *admin_ask(struct mqtt *m, const char *json, uint8_t qos)
{
	return admin_send(m, json, strlen(json), qos);
}

/* format and its arguments put into a request, sent; its only response. */
static cJSON *ask_one(struct mqtt *m, const char *format, va_list args)
{
	char command[2048], request[2100];
	char *answer;
	cJSON *tree, *list, *response = NULL;

	vsnprintf(command, sizeof command, format, args);
	snprintf(request, sizeof request, "{\"commands\":[%s]}", command);
	answer = admin_ask(m, request, 1);
	tree = answer != NULL ? cJSON_Parse(answer) : NULL;
	list = cJSON_GetObjectItemCaseSensitive(tree, "responses");
	if (cJSON_GetArraySize(list) == 1)
		response = cJSON_DetachItemFromArray(list, 0);
	if (response == NULL)
		printf("\n  %s\n  %s\n", request, answer != NULL ? answer : "no answer");
	cJSON_Delete(tree);
	free(answer);
	return response;
}

cJSON *admin_command(struct mqtt *m, const char *format, ...)
{
	va_list args;
	cJSON *response;

	va_start(args, format);
	response = ask_one(m, format, args);
	va_end(args);
	EXPECT(response != NULL);
	return response;
}

cJSON *admin_done(struct mqtt *m, const char *format, ...)
{
	va_list args;
	cJSON *response, *data;

	va_start(args, format);
	response = ask_one(m, format, args);
	va_end(args);
	EXPECT(response != NULL);
	if (cJSON_HasObjectItem(response, "error"))
		printf("\n  %s: %s\n", format, json_text(response, "error"));
	EXPECT(!cJSON_HasObjectItem(response, "error"));
	data = cJSON_DetachItemFromObjectCaseSensitive(response, "data");
	cJSON_Delete(response);
	return data;
}

bool admin_error_is(cJSON *response, const char *error)
{
	const char *got = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(response, "error"));
	bool same =
	    response != NULL && (error == NULL ? got == NULL
					       : got != NULL && strcmp(got, error) == 0 &&
						     !cJSON_HasObjectItem(response, "data"));

	if (!same)
		printf("\n  the error is \"%s\", not \"%s\"\n", got != NULL ? got : "none",
		       error != NULL ? error : "none");
	cJSON_Delete(response);
	return same;
}

double json_number(const cJSON *o, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

const char *json_text(const cJSON *o, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));

	return text != NULL ? text : "";
}
