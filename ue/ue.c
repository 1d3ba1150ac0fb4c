/* SPDX-License-Identifier: Apache-2.0 */
/* The device as its application sees it: start and end, publishing, events. */
#include "internal.h"

static bool config_sound(const struct eese_ue_config *c)
{
	const struct eese_ue_port *p = &c->port;
	if (c->ue_id == NULL || p->send == NULL || p->now == NULL || p->random == NULL ||
	    p->nvm == NULL || c->arena == NULL || c->scratch == NULL ||
	    (c->keep == NULL && c->keep_size != 0)) {
		return false;
	}
	const char *end = memchr(c->ue_id, 0, EESE_UE_ID_MAX + 1);
	return end != NULL && eese_ue_id_valid(c->ue_id, (size_t)(end - c->ue_id)) &&
	       c->arena_size > EESE_UE_HELD_OVERHEAD && c->scratch_size > EESE_DATA_OVERHEAD_MAX;
}

/* Goes on behind all that was reserved and seen before the restart. */
static enum eese_result resume(struct eese_ue *ue, const struct record *r)
{
	struct eese_keyset keys;
	enum eese_result result = eese_dev_derive(ue, &r->current, &keys);
	ue->up = keys.up;
	eese_wipe(&keys, sizeof keys);
	if (result != EESE_OK) {
		return result;
	}
	ue->known[0] = r->current;
	ue->next_number = ue->numbers_reserved = r->numbers_reserved;
	ue->units = ue->units_reserved = r->units_reserved;
	ue->down = eese_dev_window_below(r->down_next);
	ue->from_record = true;
	if (r->before.ksn != 0 && ue->config.downlink_durable) {
		ue->known[1] = r->before;
		ue->before_ksn = r->before.ksn;
		ue->before_down = eese_dev_window_below(r->before_next);
	}
	return EESE_OK;
}

static enum eese_result start(struct eese_ue *ue)
{
	struct record record;
	bool found;
	enum eese_result r = eese_derive_ikid(ue->int_key, &ue->ikid);
	if (r != EESE_OK) {
		return r;
	}
	r = eese_dev_record_read(ue, &record, &found);
	if (r == EESE_MALFORMED) {
		/* Clause 6: without the record a number might be used twice under this key. */
		ue->key_spent = true;
		eese_dev_run_aka(ue, 0, 0);
		return EESE_OK;
	}
	if (r == EESE_OK && found && record.ikid == ue->ikid) {
		r = resume(ue, &record);
	}
	return r;
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
	ue->aka_told = NEVER;
	memcpy(ue->int_key, int_key, EESE_INT_KEY_SIZE);
	r = start(ue);
	if (r != EESE_OK) {
		eese_wipe(ue, sizeof *ue);
	}
	return r;
}

/* A restart came between the first KEY_UPDATE under this key and its caller's knowing of it: the
 * record is of this key already. Without it a recording of that KEY_UPDATE would be adopted once
 * more, with numbers from 0. */
static enum eese_result resume_under(struct eese_ue *ue, const uint8_t int_key[EESE_INT_KEY_SIZE],
				     uint16_t ikid, bool *resumed)
{
	struct record record;
	bool found;
	*resumed = false;
	if (has_keyset(ue) || ue->key_spent) {
		return EESE_OK;
	}
	enum eese_result r = eese_dev_record_read(ue, &record, &found);
	if (r == EESE_OK && found && record.ikid == ikid) {
		memcpy(ue->int_key, int_key, EESE_INT_KEY_SIZE);
		ue->ikid = ikid;
		*resumed = true;
		r = resume(ue, &record);
	}
	return r == EESE_MALFORMED ? EESE_STORAGE : r;
}

/* Tried first in the next KEY_REQUEST; whoever waits for a keyset asks at once. */
enum eese_result eese_ue_new_key(struct eese_ue *ue, const uint8_t int_key[EESE_INT_KEY_SIZE])
{
	uint16_t ikid;
	bool resumed;
	if (eese_equal(int_key, ue->int_key, EESE_INT_KEY_SIZE)) {
		return ue->key_spent ? EESE_INVALID : EESE_OK;
	}
	enum eese_result r = eese_derive_ikid(int_key, &ikid);
	if (r == EESE_OK && ikid == ue->ikid) {
		return EESE_INVALID; /* the record could not tell them apart */
	}
	if (r == EESE_OK) {
		r = resume_under(ue, int_key, ikid, &resumed);
	}
	if (r != EESE_OK || resumed) {
		return r;
	}
	memcpy(ue->new_key, int_key, EESE_INT_KEY_SIZE);
	ue->new_ikid = ikid;
	ue->has_new_key = ue->ask_new = true;
	ue->unanswered = 0;
	ue->request_step = 0;
	ue->request_due = 0;
	ue->want &= (uint8_t)~WANT_ALG;
	eese_dev_run(ue, now_of(ue));
	return EESE_OK;
}

void eese_ue_wipe(struct eese_ue *ue)
{
	if (ue == NULL) {
		return;
	}
	eese_wipe(ue->config.arena, ue->arena_used);
	eese_wipe(ue->config.keep, ue->keep_used);
	eese_wipe(ue, sizeof *ue);
}

static uint32_t next_handle(struct eese_ue *ue)
{
	struct held h;
	size_t at;
	do {
		ue->last_handle++;
	} while (ue->last_handle == 0 || eese_dev_find(ue, ue->last_handle, &at, &h));
	return ue->last_handle;
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
	struct held h = {.due = NEVER,
			 .sent_at = NEVER,
			 .handle = next_handle(ue),
			 .topic_len = (uint16_t)topic_len,
			 .plain_len = (uint16_t)plain_len,
			 .acknowledged = acknowledged};
	enum eese_result r = eese_dev_add(ue, &h, topic, plain);
	if (r != EESE_OK) {
		return r;
	}
	*handle = h.handle;
	if (!has_keyset(ue)) {
		ue->want |= WANT_KEYSET;
	}
	eese_dev_run(ue, now_of(ue));
	return EESE_OK;
}

/* Clause 6: what is held goes out again at once, in order, and its back-off starts anew. */
void eese_ue_connected(struct eese_ue *ue)
{
	struct held h;
	ue->blocked_until = 0;
	for (size_t at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) {
		if (h.ksn != 0 && h.acknowledged) {
			h.due = 0;
			h.sends = h.nacks = 0;
			eese_dev_store(ue, at, &h);
		}
	}
	if (!has_keyset(ue)) {
		ue->want |= WANT_KEYSET;
		ue->request_step = 0;
		ue->request_due = 0;
	}
	eese_dev_run(ue, now_of(ue));
}

static bool take(struct eese_ue *ue, enum eese_ue_event_kind kind, struct eese_ue_event *event)
{
	if ((ue->events & 1u << kind) == 0) {
		return false;
	}
	ue->events &= (uint8_t) ~(1u << kind);
	event->kind = kind;
	return true;
}

bool eese_ue_next_event(struct eese_ue *ue, struct eese_ue_event *event)
{
	struct held h;
	memset(event, 0, sizeof *event);
	if (take(ue, EESE_UE_EVENT_NEW_KEYSET, event)) {
		event->ksn = ue->known[0].ksn;
		event->reason = ue->adopted_reason;
		return true;
	}
	if (take(ue, EESE_UE_EVENT_RUN_AKA, event)) {
		event->reason = ue->aka_reason;
		return true;
	}
	if (take(ue, EESE_UE_EVENT_WAIT, event)) {
		event->reason = ue->wait_reason;
		return true;
	}
	for (size_t at = 0; eese_dev_load(ue, at, &h); at = eese_dev_step(at, &h)) {
		if (h.outcome != 0) {
			event->kind = (enum eese_ue_event_kind)h.outcome;
			event->handle = h.handle;
			eese_dev_remove(ue, at);
			return true;
		}
	}
	return false;
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
