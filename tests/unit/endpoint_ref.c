/* SPDX-License-Identifier: Apache-2.0 */
/* Clause 3.2, ref, in octets: the map's bit 0 of the last octet is next-1. */
#include "endpoint_support.h"

/* The octets of the last KEY_UPDATE's ref: hex, without the first octet's kid. */
static bool ref_is(const struct world *w, uint32_t ksn, const char *hex)
{
	struct octets ref = octets_of(hex);
	bool same;
	if (ref.len > 0) {
		ref.p[0] |= (uint8_t)((ksn & 7) << 3);
	}
	same = w->updated && w->out.control_len == EESE_KEY_UPDATE_MIN + ref.len &&
	       memcmp(w->out.control + EESE_KEY_UPDATE_HEAD, ref.p, ref.len) == 0;
	octets_free(&ref);
	return same;
}

/* Accepted under one keyset, then it is expired; what the ref says of it. */
static const struct row {
	const char *name;
	uint64_t accepted[8];
	size_t count;
	const char *ref;
} rows[] = {
    {"one", {0}, 1, "0101"},
    {"all of four", {0, 1, 2, 3}, 4, "0104"},
    {"out of order", {3, 1, 0, 2}, 4, "0104"},
    {"0 missing", {1}, 1, "0102fffffffffffffffd"},
    {"gap", {0, 1, 3}, 3, "0104fffffffffffffffd"},
    {"gaps", {0, 2, 5}, 3, "0106ffffffffffffffe9"},
    {"only 63", {63}, 1, "01400000000000000001"},
    {"63 and 0", {0, 63}, 2, "01408000000000000001"},
    {"64 and 1", {0, 1, 64}, 3, "01418000000000000001"},
    {"64 and 0", {0, 64}, 2, "01410000000000000001"},
    {"beyond the window", {0, 100}, 2, "01650000000000000001"},
    {"filled later", {100, 99, 37}, 3, "01658000000000000003"},
    {"two octets", {255}, 1, "0201000000000000000001"},
    {"the last but one", {EESE_NUMBER_MAX - 1}, 1, "05ffffffffff0000000000000001"},
};

/* Confirms the pending with these numbers. */
static void accept(struct world *w, const struct row *r)
{
	for (size_t i = 0; i < r->count; i++) {
		data(w, &w->pending, r->accepted[i]);
		EXPECT(w->out.verdict == EESE_DELIVER, r->name);
	}
	w->previous = w->current;
	w->current = w->pending;
	w->pending = (struct eese_keyset){0};
}

static void of_invalid_current(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world w;
		world_in(&w, PENDING);
		accept(&w, &rows[i]);
		eese_endpoint_expire_all(w.ep);
		downlink(&w);
		EXPECT(ref_is(&w, w.current.up.ksn, rows[i].ref), rows[i].name);
		world_free(&w);
	}
}

static void of_previous(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world w;
		world_in(&w, PENDING);
		accept(&w, &rows[i]);
		request(&w, EESE_REQUEST_REFRESH, w.current.up.ksn);
		EXPECT(ref_is(&w, w.current.up.ksn, "00"), rows[i].name); /* still valid */
		adopt(&w, &w.pending);
		data(&w, &w.pending, 0);
		data(&w, &w.current, 5000);
		EXPECT(w.out.count == EESE_COUNT_REFUSED_PREVIOUS, rows[i].name);
		EXPECT(ref_is(&w, w.current.up.ksn, rows[i].ref), rows[i].name);
		world_free(&w);
	}
}

static void after_clean_shutdown(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world w;
		world_in(&w, PENDING);
		accept(&w, &rows[i]);
		restart(&w, true);
		downlink(&w);
		EXPECT(ref_is(&w, w.current.up.ksn, rows[i].ref), rows[i].name);
		world_free(&w);
		world_in(&w, PENDING);
		accept(&w, &rows[i]);
		restart(&w, false);
		downlink(&w);
		EXPECT(ref_is(&w, w.current.up.ksn, ""), rows[i].name);
		world_free(&w);
	}
}

/* A keyset confirmed and expired at once: nothing was accepted under it. */
static void none_accepted(void)
{
	struct world w;
	world_in(&w, PENDING);
	eese_endpoint_expire_all(w.ep);
	data(&w, &w.pending, 7);
	EXPECT(ref_is(&w, w.pending.up.ksn, "0100"), "none");
	world_free(&w);
}

/* A repeat keeps KSN, RAND and alg; its ref is that of now. */
static void of_now(void)
{
	struct world w;
	world_in(&w, VALID_PENDING);
	struct eese_key_update first = w.update;
	EXPECT(first.ref.form == EESE_REF_VALID, "valid then");
	data(&w, &w.current, 99);
	CU_ASSERT_EQUAL(eese_endpoint_expire_ue(w.ep, UE, strlen(UE), &w.out), EESE_OK);
	data(&w, &w.current, 102);
	EXPECT(ref_is(&w, w.current.up.ksn, "01650000000000000003"), "invalid now");
	CU_ASSERT_EQUAL(w.update.ksn, first.ksn);
	CU_ASSERT_EQUAL(w.update.alg, first.alg);
	CU_ASSERT_EQUAL(memcmp(w.update.rand, first.rand, sizeof first.rand), 0);
	/* Refused ones stay refused: the ref of an invalid keyset never changes. */
	for (uint64_t n = 90; n < 130; n++) {
		data(&w, &w.current, n);
		CU_ASSERT_NOT_EQUAL(w.out.verdict, EESE_DELIVER);
	}
	pass(&w, REST_S);
	request(&w, EESE_REQUEST_REFRESH, w.current.up.ksn);
	EXPECT(ref_is(&w, w.current.up.ksn, "01650000000000000003"), "for good");
	world_free(&w);
}

/* What the ref says was not accepted is never accepted later, what was is swallowed. */
static void kept(void)
{
	struct world w;
	world_in(&w, PREVIOUS);
	data(&w, &w.previous, 50);
	EXPECT(ref_is(&w, w.previous.up.ksn, "01650000000000000001"), "previous");
	struct eese_ref ref = w.update.ref;
	for (uint64_t n = 37; n < 200; n++) {
		data(&w, &w.previous, n);
		CU_ASSERT_EQUAL(w.out.verdict == EESE_SWALLOW, eese_ref_accepted(&ref, n));
		CU_ASSERT_NOT_EQUAL(w.out.verdict, EESE_DELIVER);
	}
	world_free(&w);
}

/* Before the first confirmation nothing is held. */
static void absent(void)
{
	struct world w;
	world_in(&w, KEYED);
	downlink(&w);
	EXPECT(ref_is(&w, 0, ""), "no keyset");
	world_free(&w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"of current, invalid", of_invalid_current},
	    {"of previous", of_previous},
	    {"after a shutdown", after_clean_shutdown},
	    {"none accepted", none_accepted},
	    {"of now", of_now},
	    {"kept", kept},
	    {"absent", absent},
	};
	return run_suite("endpoint: ref", tests, COUNT(tests));
}
