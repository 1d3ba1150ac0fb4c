/* SPDX-License-Identifier: Apache-2.0 */
#include "topic.h"

#include <string.h>

#include "host/say.h"

enum { REFUSED_FROM = 0x80 };

bool topic_id(const struct gateway *g, const char *topic, char id[EESE_UE_ID_MAX + 1],
	      const char **rest)
{
	const size_t base = strlen(g->options->base);
	const char *slash;
	size_t len;

	if (strncmp(topic, g->options->base, base) != 0 || topic[base] != '/')
		return false;
	topic += base + 1;
	slash = strchr(topic, '/');
	len = slash != NULL ? (size_t)(slash - topic) : 0;
	if (len == 0 || len > EESE_UE_ID_MAX)
		return false;
	memcpy(id, topic, len);
	id[len] = '\0';
	*rest = slash + 1;
	return true;
}

struct ue *topic_ue(const struct gateway *g, const char *topic, const char **rest)
{
	char id[EESE_UE_ID_MAX + 1];

	return topic_id(g, topic, id, rest) ? ues_find(&g->ues, id) : NULL;
}

bool topic_granted(struct gateway *g, int reason)
{
	const char *user = g->options->login.username;

	if (reason < REFUSED_FROM)
		return true;
	if (!g->told_of_refusal)
		say_error("the broker does not let the user '%s' read below %s/: it must be named "
			  "in plugin_opt_gateways",
			  user != NULL ? user : "gateway", g->options->base);
	g->told_of_refusal = true;
	return false;
}
