/* SPDX-License-Identifier: Apache-2.0 */
/* Downlink: windows, the durable edge, the keyset before, and what came too early; clause 6, N4. */
#include "ue_support.h"

enum { K = 16 };

static struct world *with_keyset(void)
{
	struct world *w = world_new();
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	return w;
}

static void window(void)
{
	static const struct {
		uint64_t number;
		enum eese_result result;
	} steps[] = {
	    {0, EESE_OK},
	    {0, EESE_REPLAY},
	    {1, EESE_OK},
	    {63, EESE_OK},
	    {62, EESE_OK},
	    {64, EESE_OK},
	    {2, EESE_OK},
	    {2, EESE_REPLAY},
	    {128, EESE_OK},
	    {64, EESE_REPLAY},
	    {65, EESE_OK},
	    {65, EESE_REPLAY},
	    {63, EESE_REPLAY},
	    {127, EESE_OK},
	    {1000, EESE_OK},
	    {936, EESE_REPLAY},
	    {937, EESE_OK},
	    {UINT32_MAX, EESE_OK},
	    {EESE_NUMBER_MAX - 1, EESE_OK},
	    {EESE_NUMBER_MAX, EESE_REPLAY},
	};
	struct world *w = with_keyset();
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		CU_ASSERT_EQUAL(downlink(w, K, 1, steps[i].number, "x"), steps[i].result);
	}
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_DOWNLINK), 0);
	world_free(w);
}

static void edge_outlives_a_restart(void)
{
	struct world *w = with_keyset();
	CU_ASSERT_EQUAL(downlink(w, K, 1, 5, "x"), EESE_OK);
	world_restart(w);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 5, "x"), EESE_REPLAY);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 4, "x"),
			EESE_REPLAY); /* below the edge: counts as seen */
	CU_ASSERT_EQUAL(downlink(w, K, 1, 6, "x"), EESE_OK);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 100, "x"), EESE_OK);
	world_restart(w);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 60, "x"), EESE_REPLAY);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 101, "x"), EESE_OK);
	world_free(w);
}

static void not_durable(void)
{
	struct world *w = world_new();
	w->config.downlink_durable = false;
	world_init(w);
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	unsigned writes = w->record_writes;
	CU_ASSERT_EQUAL(downlink(w, K, 1, 0, "x"), EESE_OK);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 0, "x"), EESE_REPLAY);
	CU_ASSERT_EQUAL(w->record_writes, writes);
	world_restart(w);
	skip_sent(w);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 1, "y"), UNOPENED);
	EXPECT_REQUEST(w, K, EESE_REQUEST_REFRESH);
	CU_ASSERT_EQUAL(update(w, K + 1, 2, valid(K)), EESE_OK);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 1, "y"), UNOPENED);
	CU_ASSERT_EQUAL(downlink(w, K + 1, 2, 0, "y"), EESE_OK);
	world_free(w);
}

/* N4 */
static void keyset_before(void)
{
	struct world *w = with_keyset();
	CU_ASSERT_EQUAL(downlink(w, K, 1, 0, "x"), EESE_OK);
	CU_ASSERT_EQUAL(update(w, K + 1, 2, valid(K)), EESE_OK);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 0, "x"), EESE_REPLAY);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 2, "x"), EESE_OK);
	world_restart(w);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 2, "x"), EESE_REPLAY);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 3, "x"), EESE_OK);
	/* Nothing came under K + 1, and the EESE replaced it: K is still the valid one. */
	CU_ASSERT_EQUAL(update(w, K + 2, 3, valid(K)), EESE_OK);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 3, "x"), EESE_REPLAY);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 4, "x"), EESE_OK);
	CU_ASSERT_EQUAL(downlink(w, K + 1, 2, 0, "x"), UNOPENED);
	/* The first under the newest ends it. */
	CU_ASSERT_EQUAL(downlink(w, K + 2, 3, 0, "x"), EESE_OK);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 5, "x"), UNOPENED);
	world_restart(w);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 5, "x"), UNOPENED);
	world_free(w);
}

static void keyset_before_not_valid(void)
{
	const struct eese_ref refs[] = {absent(), invalid(K, 0, 0), valid(K + 5)};
	for (size_t i = 0; i < sizeof refs / sizeof refs[0]; i++) {
		struct world *w = with_keyset();
		CU_ASSERT_EQUAL(update(w, K + 1, 2, refs[i]), EESE_OK);
		CU_ASSERT_EQUAL(downlink(w, K, 1, 0, "x"), UNOPENED);
		world_free(w);
	}
}

#ifdef EESE_SMALL

static void nothing_is_kept(void)
{
	struct world *w = with_keyset();
	char topic[EESE_TOPIC_MAX];
	uint8_t out[256];
	size_t topic_len;
	size_t len;
	CU_ASSERT_EQUAL(downlink(w, K + 8, 2, 0, "a"), EESE_FULL);
	EXPECT_REQUEST(w, K, EESE_REQUEST_DOWNLINK);
	CU_ASSERT_EQUAL(update(w, K + 8, 2, valid(K)), EESE_OK);
	CU_ASSERT_EQUAL(eese_ue_next_kept(&w->ue, topic, &topic_len, out, sizeof out, &len),
			EESE_NO_KEY);
	CU_ASSERT(topic_len == 0 && len == 0);
	CU_ASSERT_EQUAL(downlink(w, K + 8, 2, 0, "a"), EESE_OK);
	/* An edge that can't be stored: it comes again, or is lost. */
	w->record_fails = true;
	CU_ASSERT_EQUAL(downlink(w, K + 8, 2, 1, "b"), EESE_STORAGE);
	w->record_fails = false;
	CU_ASSERT_EQUAL(downlink(w, K + 8, 2, 1, "b"), EESE_OK);
	world_free(w);
}

#else

static void take_kept(struct world *w, const char *expected)
{
	char topic[EESE_TOPIC_MAX];
	uint8_t out[256];
	size_t topic_len;
	size_t len;
	for (; *expected != 0; expected++) {
		CU_ASSERT_EQUAL(eese_ue_next_kept(&w->ue, topic, &topic_len, out, sizeof out, &len),
				EESE_OK);
		CU_ASSERT(topic_len == 1 && topic[0] == 'd');
		CU_ASSERT(len == 1 && out[0] == (uint8_t)*expected);
	}
	CU_ASSERT_EQUAL(eese_ue_next_kept(&w->ue, topic, &topic_len, out, sizeof out, &len),
			EESE_NO_KEY);
	CU_ASSERT(topic_len == 0 && len == 0);
}

static void edge_that_cant_be_stored(void)
{
	struct world *w = with_keyset();
	char topic[EESE_TOPIC_MAX];
	uint8_t out[256];
	size_t topic_len;
	size_t len;
	w->record_fails = true;
	CU_ASSERT_EQUAL(downlink(w, K, 1, 0, "x"), EESE_STORAGE);
	CU_ASSERT_EQUAL(eese_ue_next_kept(&w->ue, topic, &topic_len, out, sizeof out, &len),
			EESE_NO_KEY);
	w->record_fails = false;
	CU_ASSERT_EQUAL(eese_ue_next_kept(&w->ue, topic, &topic_len, out, sizeof out, &len),
			EESE_OK);
	CU_ASSERT_EQUAL(len, 1);
	CU_ASSERT_EQUAL(out[0], 'x');
	CU_ASSERT_EQUAL(downlink(w, K, 1, 0, "x"), EESE_REPLAY);
	world_free(w);
}

static void before_its_key_update(void)
{
	struct world *w = with_keyset();
	/* Same kid as K, too: the tag tells. */
	CU_ASSERT_EQUAL(downlink(w, K + 8, 2, 0, "a"), EESE_NO_KEY);
	EXPECT_REQUEST(w, K, EESE_REQUEST_DOWNLINK);
	CU_ASSERT_EQUAL(downlink(w, K + 8, 2, 2, "b"), EESE_NO_KEY);
	CU_ASSERT_EQUAL(downlink(w, K + 8, 2, 2, "b"), EESE_NO_KEY); /* twice, kept twice */
	CU_ASSERT_EQUAL(downlink(w, K + 3, 3, 0, "z"), EESE_NO_KEY); /* never opens */
	EXPECT_NOTHING(w);
	take_kept(w, "");
	CU_ASSERT_EQUAL(update(w, K + 8, 2, valid(K)), EESE_OK);
	take_kept(w, "ab");
	take_kept(w, "");
	CU_ASSERT_EQUAL(downlink(w, K + 8, 2, 0, "a"), EESE_REPLAY);
	world_free(w);
}

static void keep_of_four(void)
{
	struct world *w = world_new();
	for (const char *p = "abcdef"; *p != 0; p++) {
		CU_ASSERT_EQUAL(downlink(w, K, 1, (uint64_t)(*p - 'a'), (const char[]){*p, 0}),
				EESE_NO_KEY);
	}
	EXPECT_REQUEST(w, 0, EESE_REQUEST_NO_KEYSET);
	EXPECT_NOTHING(w);
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	take_kept(w, "cdef");
	world_free(w);
}

static void keep_without_room(void)
{
	struct world *w = world_new();
	w->config.keep_size = 39; /* two small ones would need 40 */
	world_init(w);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 0, "a message of more than forty octets"), EESE_FULL);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 1, "b"), EESE_NO_KEY);
	CU_ASSERT_EQUAL(downlink(w, K, 1, 2, "c"), EESE_NO_KEY); /* pushes b out */
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	take_kept(w, "c");
	w->config.keep = NULL;
	w->config.keep_size = 0;
	world_restart(w);
	CU_ASSERT_EQUAL(downlink(w, K + 1, 1, 0, "a"), EESE_FULL);
	CU_ASSERT_EQUAL(requests_with(w, EESE_REQUEST_DOWNLINK), 1);
	world_free(w);
}

#endif

int main(void)
{
	static const struct unit_test tests[] = {
	    {"window", window},
	    {"edge outlives a restart", edge_outlives_a_restart},
	    {"record not written for downlink", not_durable},
	    {"N4: the keyset before", keyset_before},
	    {"N4: the keyset before, not valid", keyset_before_not_valid},
#ifdef EESE_SMALL
	    {"nothing is kept", nothing_is_kept},
#else
	    {"edge that can't be stored", edge_that_cant_be_stored},
	    {"before its KEY_UPDATE", before_its_key_update},
	    {"keep of four", keep_of_four},
	    {"keep without room", keep_without_room},
#endif
	};
	return run_suite("ue downlink", tests, sizeof tests / sizeof tests[0]);
}
