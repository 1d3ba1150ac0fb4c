/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/request.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ctl/memory.h"
#include "host/say.h"

enum { CORRELATION_ROOM = 24 };

/* Numbers all commands of this run, so that no answer is taken for another's. */
static unsigned long last_correlation;

cJSON *request_command(const char *name)
{
	cJSON *command = cJSON_CreateObject();

	cJSON_AddStringToObject(command, "command", name);
	return command;
}

const char *member_text(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

double member_number(const cJSON *object, const char *name, double otherwise)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? item->valuedouble : otherwise;
}

const char *request_error(const cJSON *response)
{
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(response, "error");
	const char *text = cJSON_GetStringValue(error);

	return error != NULL && text == NULL ? "an error that is no text" : text;
}

cJSON *request_data(const cJSON *response)
{
	cJSON *data = cJSON_GetObjectItemCaseSensitive(response, "data");

	return cJSON_IsObject(data) ? data : NULL;
}

int request_nonsense(const char *what)
{
	say_error("the broker's answer makes no sense: %s", what);
	return EXIT_REFUSED;
}

/* An array of "commands" as a request with numbers. */
static cJSON *make_request(cJSON *commands)
{
	cJSON *request = cJSON_CreateObject(), *c;
	char number[CORRELATION_ROOM];

	cJSON_ArrayForEach(c, commands)
	{
		snprintf(number, sizeof number, "%lu", ++last_correlation);
		cJSON_AddStringToObject(c, "correlationData", number);
	}
	cJSON_AddItemToObject(request, "commands", commands);
	return request;
}

static bool same(const cJSON *command, const cJSON *response, const char *name,
		 int (*compare)(const char *, const char *))
{
	const char *a = member_text(command, name), *b = member_text(response, name);

	return a != NULL && b != NULL && compare(a, b) == 0;
}

/* What refuses a request as a whole: one response that names no command of it. */
static const char *whole_error(const cJSON *responses)
{
	const cJSON *only = cJSON_GetArraySize(responses) == 1 ? responses->child : NULL;

	return only != NULL && cJSON_GetObjectItemCaseSensitive(only, "correlationData") == NULL
		   ? request_error(only)
		   : NULL;
}

static int check(const cJSON *commands, const cJSON *responses)
{
	const cJSON *c = commands->child, *r;
	const char *error;

	if (!cJSON_IsArray(responses))
		return request_nonsense("no list of responses");
	error = whole_error(responses);
	if (error != NULL) {
		say_error("the EESE refuses the request: %s", error);
		return EXIT_REFUSED;
	}
	for (r = responses->child; c != NULL && r != NULL; c = c->next, r = r->next)
		if (!cJSON_IsObject(r) || !same(c, r, "command", strcasecmp) ||
		    !same(c, r, "correlationData", strcmp))
			return request_nonsense("a response belongs to no command");
	return c == NULL && r == NULL ? GO_ON
				      : request_nonsense("not as many responses as commands");
}

static int ask(struct link *l, const cJSON *request)
{
	char *text = cJSON_PrintUnformatted(request);
	const int code = link_ask(l, text, strlen(text));

	cJSON_free(text);
	return code;
}

int request_run(struct link *l, cJSON *commands, cJSON **responses)
{
	cJSON *request = make_request(commands), *answer = NULL;
	int code = ask(l, request);

	*responses = NULL;
	if (code == GO_ON) {
		answer = cJSON_ParseWithLength(l->answer, l->answer_len);
		code = cJSON_IsObject(answer)
			   ? check(commands, cJSON_GetObjectItemCaseSensitive(answer, "responses"))
			   : request_nonsense("no JSON object");
	}
	if (code == GO_ON)
		*responses = cJSON_DetachItemFromObjectCaseSensitive(answer, "responses");
	cJSON_Delete(answer);
	cJSON_Delete(request);
	return code;
}

int request_one(struct link *l, cJSON *command, cJSON **data)
{
	cJSON *commands = cJSON_CreateArray(), *responses;
	const char *error;
	int code;

	*data = NULL;
	cJSON_AddItemToArray(commands, command);
	code = request_run(l, commands, &responses);
	if (code != GO_ON)
		return code;
	error = request_error(responses->child);
	if (error != NULL) {
		say_error("%s", error);
		code = EXIT_REFUSED;
	} else {
		*data = cJSON_DetachItemFromObjectCaseSensitive(responses->child, "data");
	}
	cJSON_Delete(responses);
	return code;
}
