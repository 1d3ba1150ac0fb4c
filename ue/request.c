/* SPDX-License-Identifier: Apache-2.0 */
/* When a KEY_REQUEST is sent, and when AKA is to be run; clause 6. */
#include "internal.h"

enum { NOTHING_WANTED = -1 };

/* The reason of the KEY_REQUEST that the back-off of 2 s belongs to. */
static int wanted(const struct eese_ue *ue)
{
	if ((ue->want & WANT_ALG) != 0) {
		return EESE_REQUEST_ALG;
	}
	if (!has_keyset(ue)) {
		return ue->want != 0 ? EESE_REQUEST_NO_KEYSET : NOTHING_WANTED;
	}
	return (ue->want & (WANT_REFRESH | WANT_WAIT)) != 0 ? EESE_REQUEST_REFRESH : NOTHING_WANTED;
}

/* KEY_REQUEST 1, 3 or 4. What can't be sent yet is sent when it may be; 4 is the most urgent. */
void eese_dev_limited(struct eese_ue *ue, uint8_t reason)
{
	if (!has_keyset(ue)) {
		ue->want |= WANT_KEYSET;
	} else if (ue->limited_reason != EESE_REQUEST_ERROR_6) {
		ue->limited_reason = reason;
	}
}

/* Only the first ERROR of a row moves the time, so a flood of them can't put it off for ever. */
void eese_dev_told_to_wait(struct eese_ue *ue)
{
	if ((ue->want & WANT_WAIT) != 0) {
		return;
	}
	if (ue->request_step == 0) {
		ue->request_step = REQUEST_MS;
	}
	uint32_t wait = eese_dev_back_off(ue, ue->request_step, 0);
	if (wait > ue->left[REQUEST]) {
		ue->left[REQUEST] = wait;
	}
	ue->want |= WANT_WAIT;
}

void eese_dev_run_aka(struct eese_ue *ue, uint8_t reason, uint32_t gap_ms)
{
	if (AKA_UNANSWERED_MS - ue->left[AKA] >= gap_ms) {
		ue->left[AKA] = AKA_UNANSWERED_MS;
		eese_dev_event(ue, EESE_UE_EVENT_RUN_AKA, reason);
	}
}

/* The EESE took something: whatever it was told to wait for is over. */
void eese_dev_uplink_accepted(struct eese_ue *ue)
{
	if (ue->limited_step != 0) {
		ue->left[LIMITED] -= smaller(ue->left[LIMITED], ue->limited_step - LIMITED_MS);
		ue->limited_step = 0;
	}
	ue->unanswered = 0;
	ue->want &= (uint8_t)~WANT_WAIT;
	if (ue->want == 0) {
		/* Acceptance can be forged as ERRORs can: in turns they would bring one about every
		 * few seconds. */
		if (ue->request_step > REQUEST_MS) {
			ue->left[REQUEST] = LIMITED_MS;
		}
		ue->request_step = 0;
	}
}

/* With a new e2e_int_key beside the old one nobody knows which the EESE has: in turns. */
static bool under_new_key(const struct eese_ue *ue, uint8_t reason)
{
	if (!ue->has_new_key || ue->key_spent) {
		return ue->has_new_key;
	}
	return reason == EESE_REQUEST_ALG ? ue->alg_new : ue->ask_new;
}

static bool send_request(struct eese_ue *ue, uint8_t reason)
{
	bool new_key = under_new_key(ue, reason);
	const uint8_t *int_key = new_key ? ue->new_key : ue->int_key;
	struct eese_key_request r = {.reason = reason,
				     .ksn = new_key ? 0 : ue->known[0].ksn,
				     .ikid = new_key ? ue->new_ikid : ue->ikid};
	uint8_t control_key[EESE_CONTROL_KEY_SIZE];
	uint8_t octets[EESE_KEY_REQUEST_SIZE];
	bool ok = eese_derive_control_key(int_key, ue->config.ue_id, control_key) == EESE_OK &&
		  eese_key_request_encode(control_key, ue->config.ue_id, &r, octets) == EESE_OK;
	eese_wipe(control_key, sizeof control_key);
	if (!ok) {
		ue->left[BLOCKED] = BLOCKED_MS;
		return false;
	}
	struct eese_ue_message m = {
	    .channel = EESE_UE_REQ, .topic = "", .octets = octets, .len = sizeof octets};
	if (!eese_dev_hand_over(ue, &m)) {
		return false;
	}
	ue->ask_new = !new_key;
	count(&ue->counters.requests);
	return true;
}

static void count_unanswered(struct eese_ue *ue)
{
	if (ue->unanswered < UNANSWERED_MAX) {
		ue->unanswered++;
	} else {
		eese_dev_run_aka(ue, 0, AKA_UNANSWERED_MS);
	}
}

static uint32_t doubled(uint32_t step, uint32_t first)
{
	return step == 0 ? first : smaller(2 * step, BACK_OFF_MAX_MS);
}

/* KEY_REQUEST 1, 3, 4: one in 60 s, doubling to an hour. Of these only 4 is always answered. */
static void send_limited(struct eese_ue *ue)
{
	uint8_t reason = ue->limited_reason;
	if (reason == 0 || ue->left[LIMITED] > 0 || !send_request(ue, reason)) {
		return;
	}
	ue->left[LIMITED] = ue->limited_step = doubled(ue->limited_step, LIMITED_MS);
	ue->limited_reason = 0;
	if (reason == EESE_REQUEST_ERROR_6) {
		count_unanswered(ue);
	}
}

/* What no ERROR brought about is not held back by what ERRORs brought about before. */
static uint32_t until_wanted(const struct eese_ue *ue)
{
	if (wanted(ue) == NOTHING_WANTED) {
		return NEVER;
	}
	bool anew = ue->request_step == 0 && (ue->want & ~(unsigned)WANT_WAIT) != 0;
	return anew ? 0 : ue->left[REQUEST];
}

/* KEY_REQUEST 0, 2, 5: after 2 s, doubling to an hour; after five unanswered ones AKA. */
static void send_wanted(struct eese_ue *ue)
{
	if (until_wanted(ue) > 0) {
		return;
	}
	bool can_ask = !ue->key_spent || ue->has_new_key;
	if (can_ask && !send_request(ue, (uint8_t)wanted(ue))) {
		return;
	}
	count_unanswered(ue);
	ue->request_step = doubled(ue->request_step, REQUEST_MS);
	ue->left[REQUEST] = eese_dev_back_off(ue, ue->request_step, 0);
}

void eese_dev_requests(struct eese_ue *ue)
{
	if (ue->left[BLOCKED] == 0) {
		send_wanted(ue);
	}
	if (ue->left[BLOCKED] == 0) {
		send_limited(ue);
	}
}

uint32_t eese_dev_until_request(const struct eese_ue *ue)
{
	return smaller(until_wanted(ue), ue->limited_reason != 0 ? ue->left[LIMITED] : NEVER);
}

void eese_ue_refresh(struct eese_ue *ue)
{
	ue->want |= WANT_REFRESH;
	eese_dev_go_on(ue);
}
