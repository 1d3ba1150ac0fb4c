/* SPDX-License-Identifier: Apache-2.0 */
#include "path.h"

#include <mosquitto.h>
#include <string.h>

#include "eese/keys.h"

/* RFC 7252 6.4: '.' and '..' are never sent. The others would change the topic's meaning. */
static bool may_be_level(const uint8_t *segment, size_t len)
{
	if ((len == 1 && segment[0] == '.') || (len == 2 && memcmp(segment, "..", 2) == 0))
		return false;
	for (size_t i = 0; i < len; i++)
		if (segment[i] == '/' || segment[i] == '+' || segment[i] == '#' ||
		    segment[i] == '\0')
			return false;
	/* Control characters too: a broker may close the connection for them. */
	return len == 0 ||
	       mosquitto_validate_utf8((const char *)segment, (int)len) == MOSQ_ERR_SUCCESS;
}

static bool is(const uint8_t *segment, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(segment, name, len) == 0;
}

static enum path_kind third(const uint8_t *segment, size_t len)
{
	if (is(segment, len, "up"))
		return PATH_UP;
	if (is(segment, len, "down"))
		return PATH_DOWN;
	if (is(segment, len, "req"))
		return PATH_REQ;
	return is(segment, len, "ctl") ? PATH_CTL : PATH_NONE;
}

static void take_ue(struct path *p, const uint8_t *segment, size_t len)
{
	if (!eese_ue_id_valid((const char *)segment, len)) {
		p->kind = PATH_NONE;
		return;
	}
	memcpy(p->ue, segment, len);
	p->ue[len] = '\0';
}

static void take_sub(struct path *p, const uint8_t *segment, size_t len)
{
	const size_t slash = p->has_sub ? 1 : 0;

	if (p->kind == PATH_REQ || p->kind == PATH_CTL) {
		p->kind = PATH_NONE;
		return;
	}
	if (p->sub_len + slash + len > EESE_TOPIC_MAX) {
		p->kind = PATH_BAD;
		return;
	}
	if (slash)
		p->sub[p->sub_len++] = '/';
	memcpy(p->sub + p->sub_len, segment, len);
	p->sub_len += len;
	p->sub[p->sub_len] = '\0';
	p->has_sub = true;
}

void path_begin(struct path *p)
{
	p->kind = PATH_UP;
	p->ue[0] = p->sub[0] = '\0';
	p->sub_len = 0;
	p->has_sub = false;
	p->segments = 0;
}

void path_add(struct path *p, const char *base, const uint8_t *segment, size_t len)
{
	const unsigned index = p->segments++;

	if (p->kind == PATH_BAD)
		return;
	if (!may_be_level(segment, len))
		p->kind = PATH_BAD;
	else if (p->kind == PATH_NONE)
		return;
	else if (index == 0)
		p->kind = is(segment, len, base) ? PATH_UP : PATH_NONE;
	else if (index == 1)
		take_ue(p, segment, len);
	else if (index == 2)
		p->kind = third(segment, len);
	else
		take_sub(p, segment, len);
}

void path_end(struct path *p)
{
	if (p->kind == PATH_BAD)
		return;
	if (p->segments < 3 || (p->kind == PATH_UP && !p->has_sub))
		p->kind = PATH_NONE;
}
