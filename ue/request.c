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
void eese_dev_told_to_wait(struct eese_ue *ue, uint64_t now)
{
	if ((ue->want & WANT_WAIT) != 0) {
		return;
	}
	if (ue->request_step == 0) {
		ue->request_step = REQUEST_MS;
	}
	uint64_t due = eese_dev_after(ue, now, ue->request_step, 0);
	if (due > ue->request_due) {
		ue->request_due = due;
	}
	ue->want |= WANT_WAIT;
}

void eese_dev_run_aka(struct eese_ue *ue, uint8_t reason, uint64_t gap_ms)
{
	uint64_t now = now_of(ue);
	if (ue->aka_told == NEVER || now - ue->aka_told >= gap_ms) {
		ue->aka_told = now;
		ue->aka_reason = reason;
		eese_dev_event(ue, EESE_UE_EVENT_RUN_AKA);
	}
}

/* The EESE took something: whatever it was told to wait for is over. */
void eese_dev_uplink_accepted(struct eese_ue *ue)
{
	if (ue->limited_step != 0) {
		ue->limited_due = ue->limited_due - ue->limited_step + LIMITED_MS;
		ue->limited_step = 0;
	}
	ue->unanswered = 0;
	ue->want &= (uint8_t)~WANT_WAIT;
	if (ue->want == 0) {
		/* Acceptance can be forged as ERRORs can: in turns they would bring one about every
		 * few seconds. */
		ue->request_due =
		    ue->request_step > REQUEST_MS ? now_of(ue) + LIMITED_MS : ue->request_due;
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

static bool send_request(struct eese_ue *ue, uint64_t now, uint8_t reason)
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
		ue->blocked_until = now + BLOCKED_MS;
		return false;
	}
	struct eese_ue_message m = {
	    .channel = EESE_UE_REQ, .topic = "", .octets = octets, .len = sizeof octets};
	if (!eese_dev_hand_over(ue, now, &m)) {
		return false;
	}
	ue->ask_new = !new_key;
	ue->counters.requests++;
	return true;
}

static void count_unanswered(struct eese_ue *ue)
{
	if (ue->unanswered < UNANSWERED_MAX) {
		ue->unanswered++;
	}
}

/* KEY_REQUEST 1, 3, 4: one in 60 s, doubling to an hour. Of these only 4 is always answered. */
static void send_limited(struct eese_ue *ue, uint64_t now)
{
	uint8_t reason = ue->limited_reason;
	if (reason == 0 || now < ue->limited_due || !send_request(ue, now, reason)) {
		return;
	}
	ue->limited_step = ue->limited_step == 0                    ? LIMITED_MS
			   : ue->limited_step > BACK_OFF_MAX_MS / 2 ? BACK_OFF_MAX_MS
								    : ue->limited_step * 2;
	ue->limited_due = now + ue->limited_step;
	ue->limited_reason = 0;
	if (reason == EESE_REQUEST_ERROR_6) {
		if (ue->unanswered >= UNANSWERED_MAX) {
			eese_dev_run_aka(ue, 0, AKA_UNANSWERED_MS);
		}
		count_unanswered(ue);
	}
}

/* What no ERROR brought about is not held back by what ERRORs brought about before. */
static uint64_t wanted_due(const struct eese_ue *ue)
{
	bool anew = ue->request_step == 0 && (ue->want & ~(unsigned)WANT_WAIT) != 0;
	return anew ? 0 : ue->request_due;
}

/* KEY_REQUEST 0, 2, 5: after 2 s, doubling to an hour; after five unanswered ones AKA. */
static void send_wanted(struct eese_ue *ue, uint64_t now)
{
	int reason = wanted(ue);
	if (reason == NOTHING_WANTED || now < wanted_due(ue)) {
		return;
	}
	bool can_ask = !ue->key_spent || ue->has_new_key;
	if (can_ask && !send_request(ue, now, (uint8_t)reason)) {
		return;
	}
	if (ue->unanswered >= UNANSWERED_MAX) {
		eese_dev_run_aka(ue, 0, AKA_UNANSWERED_MS);
	}
	count_unanswered(ue);
	ue->request_step = ue->request_step == 0                    ? REQUEST_MS
			   : ue->request_step > BACK_OFF_MAX_MS / 2 ? BACK_OFF_MAX_MS
								    : ue->request_step * 2;
	ue->request_due = eese_dev_after(ue, now, ue->request_step, 0);
}

void eese_dev_requests(struct eese_ue *ue, uint64_t now)
{
	if (now >= ue->blocked_until) {
		send_wanted(ue, now);
	}
	if (now >= ue->blocked_until) {
		send_limited(ue, now);
	}
}

uint64_t eese_dev_request_deadline(const struct eese_ue *ue)
{
	uint64_t due = wanted(ue) != NOTHING_WANTED ? wanted_due(ue) : NEVER;
	uint64_t limited = ue->limited_reason != 0 ? ue->limited_due : NEVER;
	return due < limited ? due : limited;
}

void eese_ue_refresh(struct eese_ue *ue)
{
	ue->want |= WANT_REFRESH;
	eese_dev_run(ue, now_of(ue));
}
