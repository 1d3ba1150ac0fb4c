/* SPDX-License-Identifier: Apache-2.0 */
/* Forged and malformed input, bounds, and what is left after a wipe. */
#include "ue_support.h"

enum { K = 16 };

static const char UE_ID[] = "meter-17@example";

static size_t encode_update(const struct world *w, struct eese_ref ref, uint8_t *out)
{
	uint8_t key[EESE_CONTROL_KEY_SIZE];
	struct eese_key_update u = {.ksn = K + 1, .alg = EESE_ALG_AES_CCM_16_64_128, .ref = ref};
	size_t len = 0;
	CU_ASSERT_EQUAL(eese_derive_control_key(w->int_key, UE_ID, key), EESE_OK);
	CU_ASSERT_EQUAL(eese_derive_ikid(w->int_key, &u.ikid), EESE_OK);
	CU_ASSERT_EQUAL(eese_key_update_encode(key, UE_ID, &u, out, &len), EESE_OK);
	return len;
}

static struct world *with_keyset(void)
{
	struct world *w = world_new();
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	publish(w, "a", true);
	skip_sent(w);
	return w;
}

/* Every bit flipped, every shorter and longer length: nothing changes, nothing is answered. */
static void forged_key_update(void)
{
	struct world *w = with_keyset();
	const struct eese_ref refs[] = {absent(), valid(K), invalid(K, 1, 0), invalid(K, 3, 2)};
	unsigned writes = w->record_writes;
	for (size_t i = 0; i < sizeof refs / sizeof refs[0]; i++) {
		uint8_t octets[EESE_KEY_UPDATE_MAX + 4] = {0};
		size_t len = encode_update(w, refs[i], octets);
		for (size_t bit = 0; bit < len * 8; bit++) {
			octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
			enum eese_result r = eese_ue_control(&w->ue, octets, len);
			/* The two kind bits may make it an ERROR, which is no secret. */
			CU_ASSERT(r != EESE_OK || (octets[0] & 0xc0) == 0xc0);
			octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		for (size_t n = 0; n <= sizeof octets; n++) {
			if (n != len) {
				CU_ASSERT_NOT_EQUAL(eese_ue_control(&w->ue, octets, n), EESE_OK);
			}
		}
	}
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), K);
	CU_ASSERT_EQUAL(w->record_writes, writes);
	CU_ASSERT_EQUAL(eese_ue_held(&w->ue), 1);
	EXPECT_NOTHING(w);
	world_free(w);
}

static void malformed_control(void)
{
	struct world *w = with_keyset();
	uint8_t octets[80];
	uint32_t x = 1;
	for (size_t len = 0; len <= sizeof octets; len++) {
		for (int round = 0; round < 400; round++) {
			for (size_t i = 0; i < len; i++) {
				x = x * 1664525 + 1013904223;
				octets[i] = (uint8_t)(x >> 24);
			}
			if (len > 0 && round < 256) {
				octets[0] = (uint8_t)round;
			}
			(void)eese_ue_control(&w->ue, octets, len);
			take_events(w);
		}
	}
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), K);
	CU_ASSERT_EQUAL(eese_ue_held(&w->ue), 1);
	CU_ASSERT(w->sent_count < 20);
	world_free(w);
}

static void malformed_downlink(void)
{
	struct world *w = with_keyset();
	uint8_t octets[80];
	uint8_t out[80];
	size_t out_len;
	uint32_t x = 1;
	for (size_t len = 0; len <= sizeof octets; len++) {
		for (int round = 0; round < 256; round++) {
			for (size_t i = 0; i < len; i++) {
				x = x * 1664525 + 1013904223;
				octets[i] = (uint8_t)(x >> 24);
			}
			if (len > 0) {
				octets[0] = (uint8_t)round;
			}
			CU_ASSERT_NOT_EQUAL(eese_ue_downlink(&w->ue, "d", 1, octets, len, out,
							     sizeof out, &out_len),
					    EESE_OK);
			CU_ASSERT_EQUAL(out_len, 0);
		}
	}
	CU_ASSERT_EQUAL(eese_ue_downlink(&w->ue, "d", 1, octets, 20, out, 19, &out_len),
			EESE_INVALID);
	CU_ASSERT_EQUAL(
	    eese_ue_downlink(&w->ue, NULL, EESE_TOPIC_MAX + 1, octets, 20, out, 20, &out_len),
	    EESE_INVALID);
	CU_ASSERT(w->sent_count < 10);
	world_free(w);
}

static void bounds_of_publish(void)
{
	struct world *w = world_new();
	static char topic[EESE_TOPIC_MAX + 1];
	static uint8_t plain[EESE_PLAINTEXT_MAX + 1];
	uint32_t handle = 9;
	CU_ASSERT_EQUAL(eese_ue_publish(&w->ue, topic, sizeof topic, plain, 1, true, &handle),
			EESE_INVALID);
	CU_ASSERT_EQUAL(handle, 0);
	CU_ASSERT_EQUAL(eese_ue_publish(&w->ue, topic, 1, plain, sizeof plain, true, &handle),
			EESE_INVALID);
	size_t most = sizeof w->scratch - EESE_DATA_OVERHEAD_MAX;
	CU_ASSERT_EQUAL(eese_ue_publish(&w->ue, topic, 1, plain, most + 1, true, &handle),
			EESE_INVALID);
	CU_ASSERT_EQUAL(eese_ue_publish(&w->ue, topic, 1, plain, most, true, &handle), EESE_OK);
	CU_ASSERT_EQUAL(eese_ue_publish(&w->ue, topic, EESE_TOPIC_MAX, NULL, 0, true, &handle),
			EESE_OK);
	world_free(w);
}

/* The arena's memory comes back with the event, whatever the order. */
static void arena_full(void)
{
	struct world *w = world_new();
	uint32_t handle[4];
	uint32_t none;
	w->config.arena_size = 4 * (EESE_UE_HELD_OVERHEAD + 4);
	world_init(w);
	CU_ASSERT_EQUAL(eese_ue_publish(&w->ue, "t", 1, w->record, 200, true, &none),
			EESE_INVALID); /* never fits */
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	for (size_t i = 0; i < 4; i++) {
		handle[i] = publish(w, (const char[]){"abcd"[i], 0}, true);
	}
	CU_ASSERT_EQUAL(eese_ue_publish(&w->ue, "t", 1, w->record, 1, true, &none), EESE_FULL);
	eese_ue_acknowledged(&w->ue, handle[1], true);
	CU_ASSERT_EQUAL(eese_ue_publish(&w->ue, "t", 1, w->record, 1, true, &none), EESE_FULL);
	take_events(w);
	skip_sent(w);
	publish(w, "e", true);
	EXPECT_DATA(w, K, 1, 4, "e");
	eese_ue_connected(&w->ue);
	EXPECT_DATA(w, K, 1, 0, "a");
	EXPECT_DATA(w, K, 1, 2, "c");
	EXPECT_DATA(w, K, 1, 3, "d");
	EXPECT_DATA(w, K, 1, 4, "e");
	EXPECT_NOTHING(w);
	world_free(w);
}

/* Arenas begin where their owner likes, and what is packed there is of any length. */
static void arena_anywhere(void)
{
	for (size_t skip = 0; skip < 8; skip++) {
		struct world *w = world_new();
		w->config.arena = w->arena + skip;
		w->config.arena_size = 500;
		world_init(w);
		memset(w->arena + skip + 500, 0xa5, 8);
		CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
		uint32_t a = publish(w, "a", true);
		publish(w, "four", true);
		uint32_t last = publish(w, "and nine.", true);
		EXPECT_DATA(w, K, 1, 0, "a");
		EXPECT_DATA(w, K, 1, 1, "four");
		EXPECT_DATA(w, K, 1, 2, "and nine.");
		eese_ue_acknowledged(&w->ue, a, true);
		take_events(w);
		eese_ue_connected(&w->ue);
		EXPECT_DATA(w, K, 1, 1, "four");
		EXPECT_DATA(w, K, 1, 2, "and nine.");
		eese_ue_acknowledged(&w->ue, last, true);
		take_events(w);
		uint32_t handle = 1;
		for (size_t i = 0; i < 50 && handle != 0; i++) {
			(void)!eese_ue_publish(&w->ue, "t", 1, w->record, i, true, &handle);
		}
		CU_ASSERT_EQUAL(handle, 0);
		for (size_t i = 0; i < 8; i++) {
			CU_ASSERT_EQUAL(w->arena[skip + 500 + i], 0xa5);
		}
		world_free(w);
	}
}

/* A device that slept for longer than 2^32 ms: what was due is, and nothing starts anew. */
static void months_of_sleep(void)
{
	struct world *w = world_new();
	publish(w, "a", true);
	EXPECT_REQUEST(w, 0, EESE_REQUEST_NO_KEYSET);
	w->now += 55 * (uint64_t)DAY_MS;
	(void)eese_ue_poll(&w->ue);
	EXPECT_REQUEST(w, 0, EESE_REQUEST_NO_KEYSET);
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	EXPECT_DATA(w, K, 1, 0, "a");
	publish(w, "b", false);
	EXPECT_DATA(w, K, 1, 1, "b");
	w->now += 55 * (uint64_t)DAY_MS;
	CU_ASSERT(eese_ue_poll(&w->ue) > w->now);
	EXPECT_DATA(w, K, 1, 0, "a");
	EXPECT_NOTHING(w);
	take_events(w);
	CU_ASSERT_EQUAL(w->fate[2], EESE_UE_EVENT_UNCONFIRMED);
	run_for(w, 60 * 1000);
	EXPECT_DATA(w, K, 1, 0, "a");
	world_free(w);
}

static bool holds(const void *where, size_t size, const void *what, size_t len)
{
	const uint8_t *p = where;
	for (size_t i = 0; i + len <= size; i++) {
		if (memcmp(p + i, what, len) == 0) {
			return true;
		}
	}
	return false;
}

static void wipe(void)
{
	struct world *w = world_new();
	uint8_t key[EESE_INT_KEY_SIZE];
	uint8_t next_key[EESE_INT_KEY_SIZE];
	memcpy(key, w->int_key, sizeof key);
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	uint32_t first = publish(w, "first secret", true);
	publish(w, "second secret", true);
	eese_ue_acknowledged(&w->ue, first, true);
	take_events(w);
	CU_ASSERT_FALSE(holds(w->arena, sizeof w->arena, "first secret", 12));
	CU_ASSERT_TRUE(holds(w->arena, sizeof w->arena, "second secret", 13));
	/* The old key goes with the first KEY_UPDATE under the new one. */
	key_of(2, next_key);
	CU_ASSERT_EQUAL(eese_ue_new_key(&w->ue, next_key), EESE_OK);
	CU_ASSERT_TRUE(holds(&w->ue, sizeof w->ue, key, sizeof key));
	memcpy(w->int_key, next_key, sizeof next_key);
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	CU_ASSERT_FALSE(holds(&w->ue, sizeof w->ue, key, sizeof key));
	eese_ue_wipe(&w->ue);
	CU_ASSERT_FALSE(holds(w->arena, sizeof w->arena, "second secret", 13));
	static const struct eese_ue zero;
	CU_ASSERT_EQUAL(memcmp(&w->ue, &zero, sizeof zero), 0);
	CU_ASSERT_FALSE(holds(w->record, sizeof w->record, next_key, sizeof next_key));
	eese_ue_wipe(NULL);
	world_free(w);
}

static void damaged_record(void)
{
	struct world *w = world_new();
	w->now = 40 * (uint64_t)DAY_MS; /* of a clock that was set long ago */
	world_init(w);
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	for (size_t i = 0; i < sizeof w->record; i++) {
		w->record[i] ^= 1;
		world_restart(w);
		w->record[i] ^= 1;
		CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), 0);
		/* A recorded KEY_UPDATE must not bring the keyset back with number 0. */
		CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_NO_KEY);
		CU_ASSERT_EQUAL(w->event_count[EESE_UE_EVENT_RUN_AKA], i + 1);
	}
	uint8_t same[EESE_INT_KEY_SIZE];
	memcpy(same, w->int_key, sizeof same);
	CU_ASSERT_EQUAL(eese_ue_new_key(&w->ue, same), EESE_INVALID);
	publish(w, "a", true);
	EXPECT_NOTHING(w);
	run_for(w, DAY_MS + 3600 * 1000);
	EXPECT_NOTHING(w);
	CU_ASSERT_EQUAL(w->event_count[EESE_UE_EVENT_RUN_AKA], sizeof w->record + 1);
	key_of(2, w->int_key);
	CU_ASSERT_EQUAL(eese_ue_new_key(&w->ue, w->int_key), EESE_OK);
	EXPECT_REQUEST(w, 0, EESE_REQUEST_NO_KEYSET);
	CU_ASSERT_EQUAL(update(w, K, 1, absent()), EESE_OK);
	EXPECT_DATA(w, K, 1, 0, "a");
	world_restart(w);
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), K);
	world_free(w);
}

static void unsound_configuration(void)
{
	struct world *w = world_new();
	static const struct eese_ue zero;
	static const char long_id[] =
	    "0123456789012345678901234567890123456789012345678901234567890123x";
	struct eese_ue ue;
	struct eese_ue_config c[9];
	for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
		c[i] = w->config;
	}
	c[0].ue_id = NULL;
	c[1].ue_id = "";
	c[2].ue_id = "a/b";
	c[3].ue_id = long_id;
	c[4].port.nvm = NULL;
	c[5].arena = NULL;
	c[6].arena_size = EESE_UE_HELD_OVERHEAD;
	c[7].scratch_size = EESE_DATA_OVERHEAD_MAX;
	c[8].keep = NULL;
	for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
		memset(&ue, 0xff, sizeof ue);
		enum eese_result expected = SMALL && i == 8 ? EESE_OK : EESE_INVALID;
		CU_ASSERT_EQUAL(eese_ue_init(&ue, &c[i], w->int_key), expected);
		eese_ue_wipe(expected == EESE_OK ? &ue : NULL);
		CU_ASSERT_EQUAL(memcmp(&ue, &zero, sizeof zero), 0);
	}
	w->record_fails = true;
	CU_ASSERT_EQUAL(eese_ue_init(&ue, &w->config, w->int_key), EESE_STORAGE);
	CU_ASSERT_EQUAL(memcmp(&ue, &zero, sizeof zero), 0);
	world_free(w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"forged KEY_UPDATE", forged_key_update},
	    {"malformed control", malformed_control},
	    {"malformed downlink", malformed_downlink},
	    {"bounds of publish()", bounds_of_publish},
	    {"arena full", arena_full},
	    {"arena anywhere", arena_anywhere},
	    {"months of sleep", months_of_sleep},
	    {"wipe", wipe},
	    {"damaged record", damaged_record},
	    {"unsound configuration", unsound_configuration},
	};
	return run_suite("ue robust", tests, sizeof tests / sizeof tests[0]);
}
