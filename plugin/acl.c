/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may publish and read what: the table of clause 4. A UE is known by its user name. What the
 * table grants or denies is final; the rest is acl_default's. Nothing here logs, and nothing but a
 * subscription to ctl allocates: it is called for each message and each of its readers, and from
 * within the broker's own logging.
 */
#include <string.h>

#include "plugin/plugin.h"

enum answer { NO, YES, NOT_OURS };

static bool is_ue(const struct eese_plugin *p, const char *user)
{
	return user != NULL && eese_endpoint_has_ue(p->endpoint, user, strlen(user));
}

static bool is_gateway(const struct eese_plugin *p, const char *user)
{
	return eese_words_have(p->options.gateways, user);
}

/* Neither applications nor administrators: these speak ciphertext only. */
static bool is_outside(const struct eese_plugin *p, const char *user)
{
	return is_ue(p, user) || is_gateway(p, user);
}

/* A user whose name is no UE-ID, such as "+", is none. */
static bool names(const struct eese_topic *t, const char *user)
{
	return user != NULL && t->ue != NULL && strlen(user) == t->ue_len &&
	       memcmp(user, t->ue, t->ue_len) == 0 && eese_ue_id_valid(user, t->ue_len);
}

/* topic is below root, or is it: $CONTROL/eese, $SYS/broker/eese. */
static bool below(const char *topic, const char *root)
{
	size_t len;

	if (topic[0] != '$') /* nearly all */
		return false;
	len = strlen(root);
	return strncmp(topic, root, len) == 0 && (topic[len] == '/' || topic[len] == '\0');
}

static enum answer may_write(const struct eese_plugin *p, const char *user, const char *topic)
{
	struct eese_topic t;

	if (below(topic, "$CONTROL/eese"))
		return strcmp(topic, EESE_CONTROL_TOPIC) == 0 &&
			       eese_words_have(p->options.admins, user)
			   ? YES
			   : NO;
	eese_topic_parse(&p->roots, topic, &t);
	switch (t.kind) {
	case EESE_TOPIC_UP:
	case EESE_TOPIC_REQUEST:
		return names(&t, user) || is_gateway(p, user) ? YES : NO;
	case EESE_TOPIC_DOWN:
		return is_outside(p, user) ? NO : NOT_OURS;
	case EESE_TOPIC_OTHER:
		return t.ue != NULL && is_outside(p, user) ? NO : NOT_OURS;
	default:
		return NO; /* the EESE publishes there, nobody else */
	}
}

/* A message on its way to this client. What a will or a retained message left on a topic that
 * only the EESE reads is for nobody. */
static enum answer may_read(const struct eese_plugin *p, const char *user, const char *topic)
{
	struct eese_topic t;

	if (below(topic, "$CONTROL/eese") || below(topic, "$SYS/broker/eese"))
		return eese_words_have(p->options.admins, user) ? YES : NO;
	if (strcmp(topic, EESE_SINK_TOPIC) == 0)
		return NO;
	eese_topic_parse(&p->roots, topic, &t);
	switch (t.kind) {
	case EESE_TOPIC_CONTROL:
	case EESE_TOPIC_SEALED:
		return names(&t, user) || is_gateway(p, user) ? YES : NO;
	case EESE_TOPIC_OPENED:
	case EESE_TOPIC_EVENT:
		return is_outside(p, user) ? NO : NOT_OURS;
	case EESE_TOPIC_OTHER:
		return t.ue != NULL && is_outside(p, user) ? NO : NOT_OURS;
	default:
		return NO; /* the EESE reads there, nobody else */
	}
}

/* The filter of $share/<group>/<filter>. */
static const char *unshared(const char *filter)
{
	static const char share[] = "$share/";
	const char *slash;

	if (strncmp(filter, share, sizeof share - 1) != 0)
		return filter;
	slash = strchr(filter + sizeof share - 1, '/');
	return slash == NULL ? filter : slash + 1;
}

/* What the EESE said while nobody listened, as after a crash that cost the broker its sessions, it
 * says again. */
static void listening(struct eese_plugin *p, const char *filter)
{
	struct eese_time now = eese_plugin_now();
	struct eese_actions what;
	struct eese_topic t;

	eese_topic_parse(&p->roots, unshared(filter), &t);
	if (t.kind != EESE_TOPIC_CONTROL)
		return;
	eese_endpoint_listening(p->endpoint, now, t.ue, t.ue_len, &what);
	eese_answer(p, &t, now, &what);
}

static bool has_wildcard_first(const char *filter)
{
	return (filter[0] == '+' || filter[0] == '#') && (filter[1] == '/' || filter[1] == '\0');
}

static bool first_level_is(const char *filter, const char *level, size_t len)
{
	return strncmp(filter, level, len) == 0 && (filter[len] == '/' || filter[len] == '\0');
}

/* Whether each message is for the client is looked at again when it comes (may_read()); here who
 * reaches for what can't be its own is told so at once. */
static enum answer may_subscribe(const struct eese_plugin *p, const char *user, const char *filter)
{
	struct eese_topic t;

	filter = unshared(filter);
	if (below(filter, "$CONTROL/eese") || below(filter, "$SYS/broker/eese"))
		return eese_words_have(p->options.admins, user) ? YES : NO;
	if (strcmp(filter, EESE_SINK_TOPIC) == 0)
		return NO;
	if (first_level_is(filter, p->roots.base, p->roots.base_len)) {
		eese_topic_parse(&p->roots, filter, &t);
		return names(&t, user) || is_gateway(p, user) ? YES : NO;
	}
	if (first_level_is(filter, p->roots.app, p->roots.app_len))
		return is_outside(p, user) ? NO : NOT_OURS;
	return has_wildcard_first(filter) && is_outside(p, user) ? NO : NOT_OURS;
}

int eese_on_acl_check(int event, void *event_data, void *userdata)
{
	struct eese_plugin *p = userdata;
	const struct mosquitto_evt_acl_check *c = event_data;
	const char *user = mosquitto_client_username(c->client);
	enum answer answer = NOT_OURS;

	(void)event;
	if (c->access == MOSQ_ACL_WRITE) {
		answer = may_write(p, user, c->topic);
		p->counters[EESE_PLUGIN_WRITE_REFUSED] += answer == NO;
	} else if (c->access == MOSQ_ACL_READ) {
		answer = may_read(p, user, c->topic);
	} else if (c->access == MOSQ_ACL_SUBSCRIBE) {
		answer = may_subscribe(p, user, c->topic);
		p->counters[EESE_PLUGIN_SUBSCRIBE_REFUSED] += answer == NO;
		if (answer == YES)
			listening(p, c->topic);
	} else if (c->access == MOSQ_ACL_UNSUBSCRIBE) {
		answer = YES; /* who could subscribe before may leave */
	}
	if (answer == NOT_OURS)
		return (int)p->options.acl_default;
	return answer == YES ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED;
}
