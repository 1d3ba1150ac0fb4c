/* SPDX-License-Identifier: Apache-2.0 */
/* How an endpoint comes into each state of clause 5, and how a test sees from outside what state
 * it is in. */
#include "endpoint_support.h"

#include <inttypes.h>
#include <stdio.h>

const char *const state_names[STATES] = {
    "stranger",   "listed",    "key expired",      "keyed",
    "pending",    "valid",     "valid, pending",   "te2e",
    "enterprise", "integrity", "invalid, pending", "previous, current",
    "all three",  "restored",  "restored, bare",
};

static void confirm(struct world *w)
{
	w->previous = w->current;
	w->current = w->pending;
	w->pending = (struct eese_keyset){0};
	data(w, &w->current, 0);
	CU_ASSERT_EQUAL(w->out.verdict, EESE_DELIVER);
	data(w, &w->current, 100);
	CU_ASSERT_EQUAL(w->out.verdict, EESE_DELIVER);
}

static void ask_pending(struct world *w, uint8_t reason)
{
	pass(w, REST_S);
	request(w, reason, w->current.up.ksn);
	CU_ASSERT_TRUE(w->updated);
	adopt(w, &w->pending);
}

/* Forged tags up to v. */
static void wear_out(struct world *w)
{
	uint8_t m[64];
	size_t len = message(&w->current, 7, m);
	m[len - 1] ^= 1;
	for (uint32_t i = 0; i < eese_alg_info(w->current.up.alg)->failed_limit; i++) {
		data_octets(w, m, len);
		if (w->updated) {
			adopt(w, &w->pending);
		}
	}
}

void restart(struct world *w, bool clean)
{
	struct eese_ue_saved saved;
	CU_ASSERT_TRUE(eese_endpoint_save(w->ep, UE, strlen(UE), &saved));
	CU_ASSERT_TRUE(saved.durable);
	world_free(w);
	world_make(w);
	set_ue(w, w->key, 0, NULL);
	saved.durable = clean;
	saved.current.has_window = saved.current.has_window && clean;
	CU_ASSERT_EQUAL(eese_endpoint_restore(w->ep, UE, strlen(UE), &saved), EESE_OK);
}

static void expire(struct world *w)
{
	CU_ASSERT_EQUAL(eese_endpoint_expire_ue(w->ep, UE, strlen(UE), &w->out), EESE_OK);
}

static void beyond_valid(struct world *w, enum state s)
{
	switch (s) {
	case TE2E:
		pass(w, w->config.te2e_s);
		return;
	case ENTERPRISE:
		expire(w);
		return;
	case INTEGRITY:
		wear_out(w);
		return;
	case INVALID_PENDING:
		expire(w);
		pass(w, REST_S);
		data(w, &w->current, 150);
		adopt(w, &w->pending);
		return;
	case RESTORED:
	case RESTORED_BARE:
		restart(w, s == RESTORED);
		return;
	default:
		break;
	}
	if (s == VALID) {
		return;
	}
	ask_pending(w, EESE_REQUEST_REFRESH);
	if (s == PREVIOUS || s == ALL_THREE) {
		confirm(w);
	}
	if (s == ALL_THREE) {
		ask_pending(w, EESE_REQUEST_REFRESH);
	}
}

void bring(struct world *w, enum state s)
{
	if (s != STRANGER) {
		set_ue(w, s == LISTED ? NULL : w->key, s == KEY_OLD ? w->now.unix : 0, "meters");
	}
	if (s >= PENDING) {
		ask_pending(w, EESE_REQUEST_NO_KEYSET);
	}
	if (s >= VALID) {
		confirm(w);
		beyond_valid(w, s);
	}
	pass(w, REST_S);
	add_rands(w);
}

void world_in(struct world *w, enum state s)
{
	world_new(w);
	bring(w, s);
}

/* ---- what came of it ---- */

static const char *slot(const struct world *w, uint8_t kid)
{
	if (w->current.up.ksn != 0 && w->current.up.ksn % 8 == kid) {
		return "current";
	}
	if (w->previous.up.ksn != 0 && w->previous.up.ksn % 8 == kid) {
		return "previous";
	}
	return "?";
}

static const char *announced(const struct world *w)
{
	uint32_t ksn = w->update.ksn;
	if (ksn == w->current.up.ksn) {
		return "current";
	}
	return ksn == w->pending.up.ksn ? "pending" : "new";
}

static int describe_update(const struct world *w, char *out, size_t size)
{
	const struct eese_key_update *u = &w->update;
	int n = snprintf(out, size, "UPDATE %u %s ", u->reason, announced(w));
	size_t at = (size_t)n;
	switch (u->ref.form) {
	case EESE_REF_ABSENT:
		return n + snprintf(out + at, size - at, "absent");
	case EESE_REF_VALID:
		return n + snprintf(out + at, size - at, "valid:%s", slot(w, u->ref.kid));
	case EESE_REF_INVALID:
		break;
	}
	return n + snprintf(out + at, size - at, "invalid:%s", slot(w, u->ref.kid));
}

const char *answer(const struct world *w)
{
	static char text[128];
	struct eese_error e;
	int n = 0;
	text[0] = '\0';
	if (w->updated) {
		n = describe_update(w, text, sizeof text);
	} else if (w->out.control_len > 0 &&
		   eese_error_decode(w->out.control, w->out.control_len, &e) == EESE_OK) {
		n = snprintf(text, sizeof text, "ERROR %u", e.reason);
	} else if (w->out.control_len > 0) {
		n = snprintf(text, sizeof text, "not to be read");
	}
	if (w->out.ask) {
		(void)snprintf(text + n, sizeof text - (size_t)n, "%sask", n > 0 ? "; " : "");
	}
	return text;
}

bool answered(const struct world *w, const char *expected)
{
	const char *got = answer(w);
	bool same = strlen(got) == strlen(expected);
	for (size_t i = 0; same && got[i] != '\0'; i++) {
		same = expected[i] == '*' || expected[i] == got[i];
	}
	if (!same) {
		printf("\n    expected '%s', got '%s'\n", expected, got);
	}
	return same;
}

static char look(struct world *w, const struct eese_keyset *k)
{
	if (k->up.ksn == 0) {
		return '-';
	}
	data(w, k, 300);
	if (w->out.verdict == EESE_DELIVER) {
		return 'v';
	}
	if (w->out.count == EESE_COUNT_REFUSED_INVALID) {
		return 'i';
	}
	return w->out.count == EESE_COUNT_REFUSED_PREVIOUS ? 'r' : '-';
}

const char *remaining(struct world *w)
{
	static char text[8];
	struct eese_keyset fresh = {0};
	size_t n = 0;
	if (w->updated && strcmp(announced(w), "new") == 0) {
		adopt(w, &fresh);
	}
	text[n++] = look(w, &w->previous);
	text[n++] = look(w, &w->current);
	text[n++] = look(w, &w->pending);
	if (fresh.up.ksn != 0) {
		text[n++] = look(w, &fresh) == 'v' ? '+' : '!';
	}
	text[n] = '\0';
	return text;
}
