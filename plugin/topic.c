/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/topic.h"

#include <stdbool.h>
#include <string.h>

/* What follows "level" in topic, from the slash on or at the end; NULL if it is another level. */
static const char *behind(const char *topic, const char *level, size_t len)
{
	return strncmp(topic, level, len) == 0 && (topic[len] == '/' || topic[len] == '\0')
		   ? topic + len
		   : NULL;
}

/* rest is name/<sub>, where <sub> may be empty but not missing. */
static bool has_sub(const char *rest, const char *name, struct eese_topic *out)
{
	const char *tail = behind(rest, name, strlen(name));

	if (tail == NULL || *tail != '/')
		return false;
	out->sub = tail + 1;
	out->sub_len = strlen(out->sub);
	return true;
}

static enum eese_topic_kind base_kind(const char *rest, struct eese_topic *out)
{
	if (has_sub(rest, "up", out))
		return EESE_TOPIC_UP;
	if (has_sub(rest, "down", out))
		return EESE_TOPIC_SEALED;
	if (strcmp(rest, "req") == 0)
		return EESE_TOPIC_REQUEST;
	return strcmp(rest, "ctl") == 0 ? EESE_TOPIC_CONTROL : EESE_TOPIC_NONE;
}

/* What else applications say to each other below <app> is theirs. */
static enum eese_topic_kind app_kind(const char *rest, struct eese_topic *out)
{
	if (has_sub(rest, "down", out))
		return EESE_TOPIC_DOWN;
	if (behind(rest, "up", 2) != NULL)
		return EESE_TOPIC_OPENED;
	return behind(rest, "event", 5) != NULL ? EESE_TOPIC_EVENT : EESE_TOPIC_OTHER;
}

void eese_topic_parse(const struct eese_roots *roots, const char *topic, struct eese_topic *out)
{
	const char *rest = behind(topic, roots->base, roots->base_len);
	bool is_base = rest != NULL;

	*out = (struct eese_topic){.kind = is_base ? EESE_TOPIC_NONE : EESE_TOPIC_OTHER};
	if (!is_base)
		rest = behind(topic, roots->app, roots->app_len);
	if (rest == NULL || *rest == '\0')
		return;
	out->ue = rest + 1;
	out->ue_len = strcspn(out->ue, "/");
	rest = out->ue + out->ue_len;
	if (*rest == '/')
		out->kind = is_base ? base_kind(rest + 1, out) : app_kind(rest + 1, out);
}
