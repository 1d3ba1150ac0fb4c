/* SPDX-License-Identifier: Apache-2.0 */
/* The device as its application sees it: start and end, publishing, events. */
#include "internal.h"

static bool config_sound(const struct eese_ue_config *c)
{
	const struct eese_ue_port *p = &c->port;
	if (p->send == NULL || p->now == NULL || p->random == NULL || p->nvm == NULL ||
	    c->arena == NULL || c->scratch == NULL || !eese_dev_keep_sound(c)) {
		return false;
	}
	return eese_ue_id_length(c->ue_id) > 0 && c->arena_size > EESE_UE_HELD_OVERHEAD &&
	       c->scratch_size > EESE_DATA_OVERHEAD_MAX;
}

/* Goes on behind all that was reserved and may have been seen before the restart. EESE_NO_KEY: the
 * record is of another key, or there is none. */
static enum eese_result resume(struct eese_ue *ue, uint16_t ikid)
{
	struct record r;
	enum eese_result result = eese_dev_record_read(ue, &r);
	if (result != EESE_OK) {
		return result;
	}
	if (r.ikid != ikid) {
		return EESE_NO_KEY;
	}
	ue->ikid = ikid;
	ue->known[0] = r.current;
	ue->next_number = ue->numbers_reserved = r.numbers_reserved;
	ue->units = ue->units_reserved = r.units_reserved;
	ue->down = (struct eese_window){r.down_next, UINT64_MAX};
	ue->from_record = true;
	if (r.before.ksn != 0 && ue->config.downlink_durable) {
		ue->known[1] = r.before;
		ue->before_ksn = r.before.ksn;
		ue->before_down = (struct eese_window){r.before_next, UINT64_MAX};
	}
	return EESE_OK;
}

static enum eese_result start(struct eese_ue *ue)
{
	enum eese_result r = eese_derive_ikid(ue->int_key, &ue->ikid);
	if (r != EESE_OK) {
		return r;
	}
	r = resume(ue, ue->ikid);
	if (r == EESE_MALFORMED) {
		/* Clause 6: without the record a number might be used twice under this key. */
		ue->key_spent = true;
		eese_dev_run_aka(ue, 0, 0);
		return EESE_OK;
	}
	return r == EESE_NO_KEY ? EESE_OK : r;
}

/* What config leaves open, and the arena from where a message may begin. */
static void fill_in(struct eese_ue_config *c)
{
	size_t skipped = -(uintptr_t)c->arena % alignof(struct held);
	c->arena += skipped;
	c->arena_size -= skipped;
	if (c->reserve_block == 0) {
		c->reserve_block = RESERVE_BLOCK;
	}
	if (c->repeat_ms < REPEAT_MIN_MS) {
		c->repeat_ms = REPEAT_MS;
	}
}

enum eese_result eese_ue_init(struct eese_ue *ue, const struct eese_ue_config *config,
			      const uint8_t int_key[EESE_INT_KEY_SIZE])
{
	memset(ue, 0, sizeof *ue);
	if (!config_sound(config)) {
		return EESE_INVALID;
	}
	enum eese_result r = eese_init();
	if (r != EESE_OK) {
		return r;
	}
	ue->config = *config;
	fill_in(&ue->config);
	memcpy(ue->int_key, int_key, EESE_INT_KEY_SIZE);
	eese_dev_pass_time(ue);
	r = start(ue);
	if (r != EESE_OK) {
		eese_wipe(ue, sizeof *ue);
	}
	return r;
}

/* Tried first in the next KEY_REQUEST; whoever waits for a keyset asks at once. */
enum eese_result eese_ue_new_key(struct eese_ue *ue, const uint8_t int_key[EESE_INT_KEY_SIZE])
{
	uint16_t ikid;
	if (eese_equal(int_key, ue->int_key, EESE_INT_KEY_SIZE)) {
		return ue->key_spent ? EESE_INVALID : EESE_OK;
	}
	enum eese_result r = eese_derive_ikid(int_key, &ikid);
	if (r == EESE_OK && ikid == ue->ikid) {
		return EESE_INVALID; /* the record could not tell them apart */
	}
	if (r == EESE_OK && !has_keyset(ue) && !ue->key_spent) {
		/* A restart may have come between the first KEY_UPDATE under this key and its
		 * caller's knowing of it: the record is of this key already. Without it a
		 * recording of that KEY_UPDATE would be adopted once more, with numbers from 0. */
		r = resume(ue, ikid);
		if (r == EESE_OK) {
			memcpy(ue->int_key, int_key, EESE_INT_KEY_SIZE);
			return EESE_OK;
		}
	}
	if (r != EESE_OK && r != EESE_NO_KEY) {
		return r == EESE_MALFORMED ? EESE_STORAGE : r;
	}
	memcpy(ue->new_key, int_key, EESE_INT_KEY_SIZE);
	ue->new_ikid = ikid;
	ue->has_new_key = ue->ask_new = true;
	ue->unanswered = 0;
	ue->request_step = 0;
	ue->left[REQUEST] = 0;
	ue->want &= (uint8_t)~WANT_ALG;
	eese_dev_go_on(ue);
	return EESE_OK;
}

void eese_ue_wipe(struct eese_ue *ue)
{
	if (ue == NULL) {
		return;
	}
	eese_wipe(ue->config.arena, ue->arena_used);
	eese_dev_forget_kept(ue);
	eese_wipe(ue, sizeof *ue);
}

enum eese_result eese_ue_publish(struct eese_ue *ue, const char *topic, size_t topic_len,
				 const uint8_t *plain, size_t plain_len, bool acknowledged,
				 uint32_t *handle)
{
	*handle = 0;
	if (topic_len > EESE_TOPIC_MAX || plain_len > EESE_PLAINTEXT_MAX ||
	    plain_len + EESE_DATA_OVERHEAD_MAX > ue->config.scratch_size) {
		return EESE_INVALID;
	}
	if (eese_ue_held(ue) >= EESE_UE_OUTSTANDING_MAX) {
		return EESE_FULL;
	}
	struct held *h;
	enum eese_result r = eese_dev_add(ue, topic, topic_len, plain, plain_len, &h);
	if (r != EESE_OK) {
		return r;
	}
	if (++ue->last_handle == 0) { /* none is held for so long that it comes again */
		ue->last_handle = 1;
	}
	*handle = h->handle = ue->last_handle;
	h->acknowledged = acknowledged;
	if (!has_keyset(ue)) {
		ue->want |= WANT_KEYSET;
	}
	eese_dev_go_on(ue);
	return EESE_OK;
}

/* Clause 6: what is held goes out again at once, in order, and its back-off starts anew. */
void eese_ue_connected(struct eese_ue *ue)
{
	ue->left[BLOCKED] = 0;
	for (struct held *h = NULL; (h = eese_dev_next(ue, h)) != NULL;) {
		if (h->ksn != 0 && h->acknowledged) {
			h->left[DUE] = 0;
			h->sends = h->nacks = 0;
		}
	}
	if (!has_keyset(ue)) {
		ue->want |= WANT_KEYSET;
		ue->request_step = 0;
		ue->left[REQUEST] = 0;
	}
	eese_dev_go_on(ue);
}

bool eese_ue_next_event(struct eese_ue *ue, struct eese_ue_event *event)
{
	memset(event, 0, sizeof *event);
	if (ue->events != 0) {
		unsigned kind = EESE_UE_EVENT_NEW_KEYSET;
		while ((ue->events & 1u << kind) == 0) {
			kind++;
		}
		ue->events &= (uint8_t) ~(1u << kind);
		event->kind = (enum eese_ue_event_kind)kind;
		event->reason = ue->reasons[kind - EESE_UE_EVENT_NEW_KEYSET];
		event->ksn = kind == EESE_UE_EVENT_NEW_KEYSET ? ue->known[0].ksn : 0;
		return true;
	}
	struct held *h = eese_dev_next_settled(ue);
	if (h == NULL) {
		return false;
	}
	event->kind = (enum eese_ue_event_kind)h->outcome;
	event->handle = h->handle;
	eese_dev_remove(ue, h);
	return true;
}

bool eese_ue_has_new_key(const struct eese_ue *ue)
{
	return ue->has_new_key;
}

uint32_t eese_ue_ksn(const struct eese_ue *ue)
{
	return ue->known[0].ksn;
}

const struct eese_ue_counters *eese_ue_counters(const struct eese_ue *ue)
{
	return &ue->counters;
}
