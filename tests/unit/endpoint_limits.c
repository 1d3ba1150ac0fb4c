/* SPDX-License-Identifier: Apache-2.0 */
/* Clause 5, 'Validity', 'Pending', 'Ahead of expiry'; clause 2's limits. */
#include "endpoint_support.h"

enum { TE2E_S = 1000 };

static void world_with(struct world *w, uint32_t te2e_s, uint32_t margin_pct, enum state s)
{
	world_config(w);
	w->config.te2e_s = te2e_s;
	w->config.refresh_margin_pct = margin_pct;
	world_make(w);
	bring(w, s);
}

/* The keyset just used first is valid until te2e ran out, to the millisecond. */
static void ends_after_te2e(struct world *w, const struct eese_keyset *k)
{
	w->now.ms += TE2E_S * SECOND - 1;
	data(w, k, 5);
	CU_ASSERT_EQUAL(w->out.verdict, EESE_DELIVER);
	w->now.ms += 1;
	data(w, k, 6);
	CU_ASSERT_EQUAL(w->out.count, EESE_COUNT_REFUSED_INVALID);
	CU_ASSERT_EQUAL(w->out.expired_reason, EESE_UPDATE_EXPIRED);
	CU_ASSERT_TRUE((w->out.events & EESE_EVENT_KEY_EXPIRED) != 0);
	CU_ASSERT_EQUAL(counter(w, EESE_COUNT_EXPIRED_TIME), 1);
	data(w, k, 5);
	CU_ASSERT_EQUAL(w->out.verdict, EESE_SWALLOW);
}

/* From the first use, however long it was pending. */
static void from_first_uplink(void)
{
	struct world w;
	world_with(&w, TE2E_S, 0, PENDING);
	pass(&w, 5 * TE2E_S);
	data(&w, &w.pending, 0);
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
	ends_after_te2e(&w, &w.pending);
	world_free(&w);
}

static void from_first_downlink(void)
{
	struct world w;
	world_with(&w, TE2E_S, 0, PENDING);
	pass(&w, 5 * TE2E_S);
	downlink(&w);
	ends_after_te2e(&w, &w.pending);
	world_free(&w);
}

/* A forged message is no use. */
static void not_from_a_forged_one(void)
{
	struct world w;
	world_with(&w, TE2E_S, 0, VALID_PENDING);
	data_forged(&w, &w.pending, 0);
	pass(&w, TE2E_S / 2);
	data(&w, &w.pending, 0);
	ends_after_te2e(&w, &w.pending);
	world_free(&w);
}

/* Downlink stops at the same moment. */
static void downlink_stops(void)
{
	struct world w;
	world_with(&w, TE2E_S, 0, PENDING);
	data(&w, &w.pending, 0);
	w.now.ms += TE2E_S * SECOND - 1;
	downlink(&w);
	CU_ASSERT_TRUE(down_opens(&w, &w.pending, 0));
	w.now.ms += 1;
	downlink(&w);
	CU_ASSERT_TRUE(w.updated);
	CU_ASSERT_FALSE(down_opens(&w, &w.pending, 1));
	world_free(&w);
}

/* N7: a pending that only downlink used, and whose te2e ran out. */
static void pending_runs_out(void)
{
	struct world w;
	world_with(&w, TE2E_S, 0, PENDING);
	downlink(&w);
	pass(&w, TE2E_S);
	data(&w, &w.pending, 0);
	CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_REFUSED_INVALID);
	w.current = w.pending;
	w.pending = (struct eese_keyset){0};
	EXPECT(answered(&w, "UPDATE 1 new invalid:current"), "N7");
	CU_ASSERT_STRING_EQUAL(remaining(&w), "-i-+");
	world_free(&w);
}

static void of_one_ue(void)
{
	struct world w;
	struct eese_ue_entry e = {.has_key = true, .has_te2e = true, .te2e_s = 10};
	world_with(&w, TE2E_S, 0, PENDING);
	memcpy(e.int_key, w.key, sizeof w.key);
	CU_ASSERT_EQUAL(eese_endpoint_set_ue(w.ep, UE, strlen(UE), &e), EESE_OK);
	data(&w, &w.pending, 0);
	pass(&w, 9);
	data(&w, &w.pending, 1);
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
	pass(&w, 1);
	data(&w, &w.pending, 2);
	CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_REFUSED_INVALID);
	world_free(&w);
}

static void never(void)
{
	struct world w;
	world_with(&w, 0, 10, VALID);
	pass(&w, 50 * 365 * 86400ULL);
	data(&w, &w.current, 101);
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
	EXPECT(answered(&w, ""), "no refresh without te2e");
	world_free(&w);
}

struct reports {
	const struct world *w;
	unsigned count;
};

/* The sweep tells of a keyset that ran out, once. */
static void told(void *ctx, const char *ue_id, const struct eese_actions *what)
{
	struct reports *r = ctx;
	CU_ASSERT_STRING_EQUAL(ue_id, UE);
	CU_ASSERT_EQUAL(what->expired_reason, EESE_UPDATE_EXPIRED);
	CU_ASSERT_EQUAL(what->expired_ksn, r->w->current.up.ksn);
	r->count++;
}

static void swept(void)
{
	struct world w;
	struct reports r = {.w = &w};
	world_in(&w, VALID);
	eese_endpoint_sweep(w.ep, w.now, 100, told, &r);
	CU_ASSERT_EQUAL(r.count, 0);
	pass(&w, w.config.te2e_s);
	for (int i = 0; i < 100; i++) {
		eese_endpoint_sweep(w.ep, w.now, 3, told, &r);
	}
	CU_ASSERT_EQUAL(r.count, 1);
	world_free(&w);
}

/* KEY_UPDATE 6 with the first accepted message in the last tenth, nothing refused. */
static void margin(void)
{
	static const struct {
		uint32_t pct;
		uint32_t from_s; /* after the first use */
	} rows[] = {{10, 900}, {50, 500}, {1, 990}, {0, TE2E_S}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world w;
		world_with(&w, TE2E_S, rows[i].pct, PENDING);
		data(&w, &w.pending, 0);
		w.current = w.pending;
		w.pending = (struct eese_keyset){0};
		w.now.ms += rows[i].from_s * SECOND - 1;
		data(&w, &w.current, 1);
		CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
		EXPECT(answered(&w, ""), "too early");
		w.now.ms += 1;
		if (rows[i].pct > 0) {
			data(&w, &w.current, 1);
			EXPECT(answered(&w, ""), "a repeat is not accepted");
			data(&w, &w.current, 2);
			CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
			EXPECT(answered(&w, "UPDATE 6 new valid:current"), "refresh");
		}
		world_free(&w);
	}
}

/* pending_life: the same RAND until then, another one after. */
static void pending_life(void)
{
	struct world w;
	world_config(&w);
	w.config.pending_life_s = 5000;
	world_make(&w);
	bring(&w, PENDING);
	pass(&w, 5000 - REST_S - 1);
	data_unknown(&w);
	EXPECT(answered(&w, "UPDATE 3 pending absent"), "same");
	pass(&w, 1);
	for (int i = 0; i < REST_S && !w.updated; i++) {
		pass(&w, 1);
		data_unknown(&w);
	}
	pass(&w, REST_S);
	data_unknown(&w);
	EXPECT(answered(&w, "UPDATE 3 new absent"), "another");
	CU_ASSERT_TRUE(w.update.ksn > w.pending.up.ksn);
	world_free(&w);
}

/* v failed tags: refresh at half of them, invalid at all of them. */
static void integrity(void)
{
	struct world w;
	world_in(&w, VALID);
	uint32_t v = eese_alg_info(w.current.up.alg)->failed_limit;
	for (uint32_t i = 1; i <= v; i++) {
		data_forged(&w, &w.current, 7);
		if (i == v / 2) {
			EXPECT(answered(&w, "UPDATE 6 new valid:current"), "v/2");
			adopt(&w, &w.pending);
		} else {
			CU_ASSERT_FALSE(w.updated);
		}
		if (i == v - 1) {
			CU_ASSERT_EQUAL(counter(&w, EESE_COUNT_EXPIRED_INTEGRITY), 0);
			data(&w, &w.current, 101);
			CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
		}
	}
	CU_ASSERT_EQUAL(counter(&w, EESE_COUNT_EXPIRED_INTEGRITY), 1);
	CU_ASSERT_EQUAL(w.out.expired_reason, EESE_UPDATE_INTEGRITY);
	pass(&w, REST_S);
	data(&w, &w.current, 102);
	EXPECT(answered(&w, "UPDATE 5 pending invalid:current"), "v");
	data(&w, &w.pending, 0); /* the refresh at v/2 keeps the UE going */
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
	world_free(&w);
}

/* Unknown kids say nothing of a keyset; neither do failures count for the next one. */
static void integrity_of_this_keyset(void)
{
	struct world w;
	world_in(&w, VALID_PENDING);
	uint32_t v = eese_alg_info(w.current.up.alg)->failed_limit;
	for (uint32_t i = 0; i < v + 10; i++) {
		data_unknown(&w);
	}
	for (uint32_t i = 0; i < v - 1; i++) {
		data_forged(&w, &w.current, 7);
	}
	data(&w, &w.pending, 0);
	data_forged(&w, &w.pending, 7);
	data(&w, &w.pending, 1);
	CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
	CU_ASSERT_EQUAL(counter(&w, EESE_COUNT_EXPIRED_INTEGRITY), 0);
	world_free(&w);
}

/* q units of downlink: the last ones still go, then a new keyset. */
static void usage(void)
{
	static uint8_t plain[4097];
	struct world w;
	uint8_t sealed[sizeof plain + EESE_DATA_OVERHEAD_MAX];
	bool ordered;
	world_with(&w, 0, 0, VALID);
	uint32_t q = eese_alg_info(w.current.down.alg)->message_limit;
	for (uint32_t units = 0; units < q; units += units < q - 2 ? 1 : 2) {
		size_t len = units < q - 2 ? 1 : sizeof plain; /* 4,097 octets are two */
		CU_ASSERT_EQUAL(eese_endpoint_downlink(w.ep, w.now, UE, strlen(UE), "d", 1, plain,
						       len, sealed, sizeof sealed, &ordered,
						       &w.out),
				EESE_OK);
		if (w.out.ksn != w.current.down.ksn || w.out.control_len != 0) {
			CU_FAIL("before q");
			break;
		}
	}
	CU_ASSERT_EQUAL(counter(&w, EESE_COUNT_EXPIRED_USAGE), 1);
	CU_ASSERT_EQUAL(w.out.expired_reason, EESE_UPDATE_USAGE);
	data(&w, &w.current, 101);
	CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_REFUSED_INVALID);
	EXPECT(answered(&w, "UPDATE 4 new invalid:current"), "q");
	adopt(&w, &w.pending);
	downlink(&w);
	CU_ASSERT_TRUE(down_opens(&w, &w.pending, 0));
	CU_ASSERT_TRUE(w.ordered);
	world_free(&w);
}

/* Uplink counts for itself, in units of its plaintext. */
static void usage_uplink(void)
{
	enum { LEN = 65535, UNITS = 16, FIRST = 200 };
	static uint8_t plain[LEN], msg[LEN + EESE_DATA_OVERHEAD_MAX], out[sizeof msg];
	struct world w;
	size_t len;
	world_with(&w, 0, 50, VALID); /* half of q is where the refresh must be seen */
	uint32_t q = eese_alg_info(w.current.up.alg)->message_limit;
	for (uint32_t n = 0; n < 64; n++) { /* the units of long messages count, not the messages */
		CU_ASSERT_EQUAL(eese_data_seal(&w.current.up, UE, "t", 1, FIRST + n, plain, LEN,
					       msg, sizeof msg, &len),
				EESE_OK);
		eese_endpoint_data(w.ep, w.now, UE, strlen(UE), "t", 1, msg, len, out, &w.out);
		CU_ASSERT_EQUAL(w.out.verdict, EESE_DELIVER);
	}
	for (uint32_t n = 64 * UNITS + 2; n < q; n++) {
		uint8_t m[64];
		len = message(&w.current, FIRST + n, m);
		eese_endpoint_data(w.ep, w.now, UE, strlen(UE), "t", 1, m, len, out, &w.out);
		if (w.out.verdict != EESE_DELIVER) {
			CU_FAIL("before q");
			break;
		}
	}
	CU_ASSERT_EQUAL(w.out.expired_reason, EESE_UPDATE_USAGE);
	data(&w, &w.current, FIRST + q);
	CU_ASSERT_EQUAL(w.out.count, EESE_COUNT_REFUSED_INVALID);
	world_free(&w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"te2e from the first uplink", from_first_uplink},
	    {"te2e from the first downlink", from_first_downlink},
	    {"te2e not from a forged message", not_from_a_forged_one},
	    {"te2e stops downlink", downlink_stops},
	    {"te2e of a pending", pending_runs_out},
	    {"te2e of one UE", of_one_ue},
	    {"te2e never", never},
	    {"sweep", swept},
	    {"margin", margin},
	    {"pending_life", pending_life},
	    {"integrity", integrity},
	    {"integrity of this keyset", integrity_of_this_keyset},
	    {"usage, downlink", usage},
	    {"usage, uplink", usage_uplink},
	};
	return run_suite("endpoint: limits", tests, COUNT(tests));
}
