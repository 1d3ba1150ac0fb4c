/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that AKA brings: the key server, and what the program around the device library does with
 * them (ue/tool): the new key beside the old one until the library has gone over to it. */
#include <string.h>

#include "world.h"

enum {
	HOUR_MS = 3600 * 1000,
	ASK_FIRST_MS = 60 * 1000,
	LIFE_S = 100 * 86400, /* of a key: no schedule takes as long */
};

static uint32_t tag_of(const uint8_t *key)
{
	uint32_t tag;
	memcpy(&tag, key, sizeof tag);
	return tag;
}

/* The library goes over to the new key by itself. */
static const uint8_t *key_of_ue(const struct world *w)
{
	const struct keys *k = &w->keys;
	return k->has_next && !eese_ue_has_new_key(&w->ue) ? k->next : k->current;
}

uint32_t keys_tag_of_ue(const struct world *w)
{
	return tag_of(key_of_ue(w));
}

uint32_t keys_tag_of_eese(const struct world *w)
{
	struct eese_ue_saved saved;
	return eese_endpoint_save(w->ep, UE_ID, UE_ID_LEN, &saved) ? tag_of(saved.key.int_key) : 0;
}

static void make_key(struct world *w, uint8_t key[EESE_INT_KEY_SIZE])
{
	for (size_t i = 0; i < EESE_INT_KEY_SIZE; i++) {
		key[i] = (uint8_t)world_random(w);
	}
}

void keys_draw(struct world *w)
{
	struct keys *k = &w->keys;
	/* Without verdicts what is sent while the EESE waits for the key server is kept too short a
	 * time (N5). */
	k->runs = w->transport != MQTT_3 && world_percent(w, 40) ? 1 + world_below(w, 7) : 0;
	k->from_server = k->runs > 0;
	k->answer_at = k->again_at = UINT64_MAX;
	make_key(w, k->current);
	memcpy(k->server, k->current, sizeof k->server);
	k->created = world_now(w).unix;
}

/* ---- the key server ---- */

void keys_ask(struct world *w)
{
	if (w->keys.answer_at != UINT64_MAX) {
		world_fail(w, "the key server is asked twice at once", 0);
	}
	w->keys.answer_at = w->ms + 1 + world_below(w, 500);
}

static void refuse(struct world *w, uint8_t reason)
{
	struct eese_actions out;
	eese_endpoint_key_refused(w->ep, world_now(w), UE_ID, UE_ID_LEN, reason, &out);
	world_carry_out(w, &out);
}

static void grant(struct world *w)
{
	const struct keys *k = &w->keys;
	struct eese_key_grant g = {.created = k->created, .expiry = k->created + LIFE_S};
	struct eese_actions out;
	memcpy(g.int_key, k->server, sizeof g.int_key);
	eese_endpoint_key_arrived(w->ep, world_now(w), UE_ID, UE_ID_LEN, &g, &out);
	(void)!eese_endpoint_set_group(w->ep, UE_ID, UE_ID_LEN, "fleet", 5);
	world_carry_out(w, &out);
}

void keys_answer(struct world *w)
{
	w->keys.answer_at = UINT64_MAX;
	if (!w->keys.from_server) {
		refuse(w, EESE_ERROR_NO_KEY);
	} else if (w->faults && world_percent(w, 10)) {
		refuse(w, EESE_ERROR_UNREACHABLE);
	} else {
		grant(w);
	}
}

/* ---- AKA ---- */

/* Two of the device's keys with one IKID could not be told apart; the program runs AKA again. */
static bool same_ikid(const uint8_t *a, const uint8_t *b)
{
	uint16_t of_a, of_b;
	return eese_derive_ikid(a, &of_a) != EESE_OK || eese_derive_ikid(b, &of_b) != EESE_OK ||
	       of_a == of_b;
}

/* Not told of a key in force, the device runs it again after an hour. */
void keys_run_aka(struct world *w, enum aka_end end)
{
	struct keys *k = &w->keys;
	uint8_t key[EESE_INT_KEY_SIZE];
	do {
		make_key(w, key);
	} while (same_ikid(key, k->current) || (k->has_next && same_ikid(key, k->next)));
	if (end != AKA_RES_LOST) {
		uint64_t now = world_now(w).unix;
		memcpy(k->server, key, sizeof k->server);
		k->created = now > k->created ? now : k->created + 1;
	}
	memcpy(k->next, key, sizeof k->next);
	k->has_next = true;
	k->again_at = end == AKA_DONE ? UINT64_MAX : w->ms + HOUR_MS;
	keys_give_next(w);
}

void keys_give_next(struct world *w)
{
	struct keys *k = &w->keys;
	k->ask_at = 0;
	k->ask_pause = ASK_FIRST_MS;
	if (k->has_next && eese_ue_new_key(&w->ue, k->next) != EESE_OK) {
		world_fail(w, "the library does not take the new key", 0);
	}
}

/* Clause 6: told to, once an hour; when nobody answers, once a day. */
void keys_event(struct world *w, const struct eese_ue_event *e)
{
	struct keys *k = &w->keys;
	uint64_t *not_before = e->reason == EESE_ERROR_NO_KEY ? &k->told_at : &k->silent_at;
	if (e->kind != EESE_UE_EVENT_RUN_AKA || !k->from_server || w->ms < *not_before) {
		return;
	}
	*not_before = w->ms + (e->reason == EESE_ERROR_NO_KEY ? 1 : 24) * (uint64_t)HOUR_MS;
	keys_run_aka(w, AKA_DONE);
}

/* The EESE learns of a new key when it is asked under it. */
static void ask_under_next(struct world *w)
{
	struct keys *k = &w->keys;
	if (eese_ue_has_new_key(&w->ue) && w->ms >= k->ask_at) {
		eese_ue_refresh(&w->ue);
		k->ask_at = w->ms + k->ask_pause;
		k->ask_pause = k->ask_pause < HOUR_MS / 2 ? 2 * k->ask_pause : HOUR_MS;
	}
}

void keys_settle(struct world *w)
{
	struct keys *k = &w->keys;
	if (k->has_next && !eese_ue_has_new_key(&w->ue)) {
		memcpy(k->current, k->next, sizeof k->current);
		k->has_next = false;
		k->again_at = UINT64_MAX;
	}
	if (w->ms >= k->again_at) {
		keys_run_aka(w, AKA_DONE);
	}
	ask_under_next(w);
}

uint64_t keys_next(const struct world *w)
{
	const struct keys *k = &w->keys;
	uint64_t t = k->answer_at < k->again_at ? k->answer_at : k->again_at;
	return eese_ue_has_new_key(&w->ue) && k->ask_at < t ? k->ask_at : t;
}
