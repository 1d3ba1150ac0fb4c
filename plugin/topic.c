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

static enum eese_topic_kind with_sub(const char *rest, enum eese_topic_kind kind,
				     struct eese_topic *out)
{
	/* Without the slash there is no <sub>, which may be empty but not missing. */
	if (*rest != '/')
		return EESE_TOPIC_REFUSED;
	out->sub = rest + 1;
	out->sub_len = strlen(out->sub);
	return kind;
}

static enum eese_topic_kind base_kind(const char *rest, struct eese_topic *out)
{
	const char *tail = behind(rest, "up", 2);

	if (tail != NULL)
		return with_sub(tail, EESE_TOPIC_UP, out);
	return strcmp(rest, "req") == 0 ? EESE_TOPIC_REQUEST : EESE_TOPIC_REFUSED;
}

/* What else applications say to each other below <app> is theirs. */
static enum eese_topic_kind app_kind(const char *rest, struct eese_topic *out)
{
	const char *tail = behind(rest, "down", 4);

	if (tail != NULL)
		return with_sub(tail, EESE_TOPIC_DOWN, out);
	return behind(rest, "up", 2) != NULL || behind(rest, "event", 5) != NULL
		   ? EESE_TOPIC_REFUSED
		   : EESE_TOPIC_OTHER;
}

void eese_topic_parse(const char *topic, const char *base, size_t base_len, const char *app,
		      size_t app_len, struct eese_topic *out)
{
	const char *rest = behind(topic, base, base_len);
	bool is_base = rest != NULL;

	*out = (struct eese_topic){.kind = EESE_TOPIC_OTHER};
	if (!is_base)
		rest = behind(topic, app, app_len);
	if (rest == NULL)
		return;
	if (is_base)
		out->kind = EESE_TOPIC_REFUSED;
	if (*rest == '\0')
		return;
	out->ue = rest + 1;
	out->ue_len = strcspn(out->ue, "/");
	rest = out->ue + out->ue_len;
	if (*rest == '/')
		out->kind = is_base ? base_kind(rest + 1, out) : app_kind(rest + 1, out);
}
