/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/hold.h"

#include <stdlib.h>
#include <string.h>

#include "plugin/plugin.h"

/* UE-ID, sub and plaintext stand behind it. */
struct eese_held_message {
	struct eese_held_message *next;
	uint64_t until_ms;
	size_t ue_len, sub_len, len;
	int qos;
	char text[];
};

static size_t octets_of(const struct eese_held_message *m)
{
	return m->ue_len + m->sub_len + m->len;
}

static struct eese_topic topic_of(const struct eese_held_message *m)
{
	return (struct eese_topic){.kind = EESE_TOPIC_DOWN,
				   .ue = m->text,
				   .ue_len = m->ue_len,
				   .sub = m->text + m->ue_len,
				   .sub_len = m->sub_len};
}

static bool is_for(const struct eese_held_message *m, const struct eese_topic *t)
{
	return m->ue_len == t->ue_len && memcmp(m->text, t->ue, m->ue_len) == 0;
}

/* Whether it has one, or nobody has said that it will get none. */
static bool may_get_key(const struct eese_plugin *p, struct eese_time now,
			const struct eese_topic *t)
{
	uint8_t refusal = eese_endpoint_refusal(p->endpoint, t->ue, t->ue_len);

	if (eese_endpoint_has_key(p->endpoint, now, t->ue, t->ue_len))
		return true;
	if (refusal == EESE_ERROR_UE_UNKNOWN || refusal == EESE_ERROR_NOT_APPLICABLE)
		return false;
	return eese_endpoint_has_ue(p->endpoint, t->ue, t->ue_len) ||
	       (p->keysource.emks != NULL && eese_ue_id_valid(t->ue, t->ue_len));
}

/* Nobody else may ask for it: the UE sleeps. */
static void want_key(struct eese_plugin *p, struct eese_time now, const struct eese_topic *t)
{
	struct eese_actions what;

	eese_endpoint_want_key(p->endpoint, now, t->ue, t->ue_len, &what);
	eese_answer(p, t, now, &what);
}

static struct eese_held_message *copy_of(const struct eese_topic *t, const void *plain, size_t len,
					 int qos)
{
	struct eese_held_message *m = malloc(sizeof *m + t->ue_len + t->sub_len + len);

	if (m == NULL)
		return NULL;
	*m = (struct eese_held_message){
	    .ue_len = t->ue_len, .sub_len = t->sub_len, .len = len, .qos = qos};
	memcpy(m->text, t->ue, t->ue_len);
	memcpy(m->text + t->ue_len, t->sub, t->sub_len);
	if (len > 0)
		memcpy(m->text + t->ue_len + t->sub_len, plain, len);
	return m;
}

const char *eese_hold_add(struct eese_plugin *p, struct eese_time now, const struct eese_topic *t,
			  const void *plain, size_t len, int qos)
{
	struct eese_hold *h = &p->hold;
	struct eese_held_message *m;

	if (p->options.hold_life_s == 0 || !may_get_key(p, now, t))
		return "no key";
	if (h->count >= EESE_HOLD_MESSAGES ||
	    h->octets + t->ue_len + t->sub_len + len > EESE_HOLD_OCTETS)
		return "too many waiting";
	if ((m = copy_of(t, plain, len, qos)) == NULL)
		return "out of memory";
	m->until_ms = now.ms + p->options.hold_life_s * UINT64_C(1000);
	*(h->last != NULL ? &h->last->next : &h->first) = m;
	h->last = m;
	h->count++;
	h->octets += octets_of(m);
	return NULL;
}

bool eese_hold_has(const struct eese_hold *h, const struct eese_topic *t)
{
	for (const struct eese_held_message *m = h->first; m != NULL; m = m->next)
		if (is_for(m, t))
			return true;
	return false;
}

static void drop(struct eese_plugin *p, struct eese_time now, const struct eese_topic *t)
{
	const struct eese_happened what = {EESE_TELL_DOWNLINK_DROPPED, "no key", 0};

	p->counters[EESE_PLUGIN_DOWNLINK_DROPPED]++;
	eese_tell(p, now, t->ue, t->ue_len, &what);
}

enum outcome { WAITS, DONE, STUCK };

static enum outcome finish(struct eese_plugin *p, struct eese_time now,
			   const struct eese_held_message *m)
{
	const struct eese_topic t = topic_of(m);

	if (now.ms >= m->until_ms || !may_get_key(p, now, &t)) {
		drop(p, now, &t);
		return DONE;
	}
	if (!eese_endpoint_has_key(p->endpoint, now, t.ue, t.ue_len)) {
		want_key(p, now, &t);
		return WAITS;
	}
	return eese_send_sealed(p, now, &t, m->text + m->ue_len + m->sub_len, m->len, m->qos)
		   ? DONE
		   : STUCK;
}

static void discard(struct eese_held_message *m)
{
	eese_wipe(m, sizeof *m + octets_of(m));
	free(m);
}

static enum outcome give_up(struct eese_plugin *p, struct eese_time now,
			    const struct eese_held_message *m)
{
	const struct eese_topic t = topic_of(m);

	drop(p, now, &t);
	return DONE;
}

static void each(struct eese_plugin *p, struct eese_time now, const struct eese_topic *ue,
		 enum outcome (*what)(struct eese_plugin *, struct eese_time,
				      const struct eese_held_message *))
{
	struct eese_hold *h = &p->hold;
	struct eese_held_message **at = &h->first, *m;
	bool stuck = false; /* no memory, no RAND: nothing may overtake */

	h->last = NULL;
	while ((m = *at) != NULL) {
		enum outcome o = !stuck && (ue == NULL || is_for(m, ue)) ? what(p, now, m) : WAITS;

		stuck = stuck || o == STUCK;
		if (o == DONE) {
			*at = m->next;
			h->count--;
			h->octets -= octets_of(m);
			discard(m);
		} else {
			h->last = m;
			at = &m->next;
		}
	}
}

void eese_hold_flush(struct eese_plugin *p, struct eese_time now, const struct eese_topic *ue)
{
	each(p, now, ue, finish);
}

void eese_hold_remove(struct eese_plugin *p, struct eese_time now, const struct eese_topic *ue)
{
	each(p, now, ue, give_up);
}

void eese_hold_free(struct eese_hold *h)
{
	struct eese_held_message *m;

	while ((m = h->first) != NULL) {
		h->first = m->next;
		discard(m);
	}
	*h = (struct eese_hold){0};
}
