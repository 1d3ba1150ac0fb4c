/* SPDX-License-Identifier: Apache-2.0 */
#include "coap_tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_MAX = 40 };

void coap_tool_start(struct program *t, const struct broker *b, const char *command, const char *ue,
		     uint16_t port, const char *const *more)
{
	char uri[64], keys[192], state[192 + EESE_UE_ID_MAX];
	const char *words[ARGUMENTS_MAX] = {
	    EESE_TEST_UE_TOOL, command, "--coap",  uri,   "--ue",    ue,
	    "--key-file",      keys,    "--state", state, "--events"};
	size_t count = 11;

	snprintf(uri, sizeof uri, "coap://127.0.0.1:%u", port);
	snprintf(keys, sizeof keys, "%s/keys", b->dir);
	snprintf(state, sizeof state, "%s/state-%s", b->dir, ue);
	while (*more != NULL && count + 1 < ARGUMENTS_MAX)
		words[count++] = *more++;
	program_start(t, b->dir, words);
}

int coap_tool_ends(struct program *t, int timeout_ms)
{
	const int code = program_ends(t, timeout_ms);

	if (code != 0) {
		char *err = program_text(t->err);

		printf("\n  eese-ue ended with %d:\n%.3000s\n", code, err);
		free(err);
	}
	return code;
}

void coap_tool_send_down(struct mqtt *sender, const char *ue, const char *sub, const char *text)
{
	char topic[256];
	const struct mqtt_publish p = {
	    .topic = topic, .payload = text, .len = strlen(text), .qos = 1};

	snprintf(topic, sizeof topic, "app/%s/down/%s", ue, sub);
	EXPECT(mqtt_publish(sender, &p) >= 0);
}

size_t coap_tool_lines(const char *path, const char *line)
{
	char *text = program_text(path), *rest = text, *at;
	size_t count = 0;

	while ((at = strsep(&rest, "\n")) != NULL)
		count += line != NULL ? strcmp(at, line) == 0 : *at != '\0';
	free(text);
	return count;
}
