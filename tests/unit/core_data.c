/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "core/cose.h"
#include "core_support.h"
#include "eese/data.h"
#include "vectors_protocol.h"

/* Where a message goes to or comes from, beside its octets. */
struct place {
	struct eese_key key;
	const char *ue;
	const char *topic;
	size_t topic_len;
};

static struct place place_of(const struct data_vector *v)
{
	struct octets int_key = octets_of(v->e2e_int_key), rand = octets_of(v->rand);
	struct place place = {.ue = v->ue, .topic = v->topic, .topic_len = strlen(v->topic)};
	struct eese_keyset keyset;

	CU_ASSERT_FATAL(eese_derive_keyset(int_key.p, v->ue, rand.p, v->ksn, v->alg, &keyset) ==
			EESE_OK);
	place.key = v->direction == EESE_UPLINK ? keyset.up : keyset.down;
	octets_free(&int_key);
	octets_free(&rand);
	return place;
}

static struct place any_place(uint8_t alg)
{
	static const uint8_t int_key[EESE_INT_KEY_SIZE] = {1}, rand[EESE_RAND_SIZE] = {2};
	struct place place = {.ue = "ue-1", .topic = "a/b", .topic_len = 3};
	struct eese_keyset keyset;

	CU_ASSERT_FATAL(eese_derive_keyset(int_key, place.ue, rand, 77, alg, &keyset) == EESE_OK);
	place.key = keyset.up;
	return place;
}

/* Opens as a receiver does, which first finds the key by its kid. */
static enum eese_result receive(const struct place *at, const uint8_t *msg, size_t len,
				struct octets *plain)
{
	struct eese_data_head head = {0};
	enum eese_result r;
	size_t out_len = 99;

	r = eese_data_head(msg, len, &head);
	if (r != EESE_OK)
		return r;
	if (head.kid != (at->key.ksn & 7))
		return EESE_NO_KEY;
	memset(plain->p, 0xaa, plain->len);
	r = eese_data_open(&at->key, at->ue, at->topic, at->topic_len, msg, len, plain->p,
			   plain->len, &out_len);
	CU_ASSERT_EQUAL(out_len, r == EESE_OK ? plain->len : 0);
	if (r == EESE_NOT_AUTHENTIC)
		CU_ASSERT(
		    is_zero(plain->p, len - head.size - eese_alg_info(at->key.alg)->tag_size));
	return r;
}

static void check_inside(const struct data_vector *v, const struct place *at)
{
	const struct eese_alg_info *info = eese_alg_info(v->alg);
	uint8_t nonce[EESE_NONCE_MAX], aad[EESE_AAD_MAX];
	size_t aad_len;

	eese_cose_nonce(&at->key, info, v->sequence, nonce);
	CU_ASSERT(is_hex(nonce, info->nonce_size, v->nonce));
	aad_len = eese_cose_aad(&at->key, at->ue, at->topic, at->topic_len, aad);
	CU_ASSERT(is_hex(aad, aad_len, v->aad));
}

static void check_seal(const struct data_vector *v, const struct place *at)
{
	struct octets plain = octets_of(v->plaintext);
	struct octets out = octets_new(plain.len + eese_data_overhead(v->alg, v->sequence));
	size_t len = 0;

	CU_ASSERT(eese_data_seal(&at->key, at->ue, at->topic, at->topic_len, v->sequence, plain.p,
				 plain.len, out.p, out.len, &len) == EESE_OK);
	CU_ASSERT_EQUAL(len, out.len);
	CU_ASSERT(is_hex(out.p, len, v->message));
	octets_free(&plain);
	octets_free(&out);
}

static void check_open(const struct data_vector *v, const struct place *at)
{
	struct octets msg = octets_of(v->message);
	struct octets plain = octets_new(strlen(v->plaintext) / 2);
	struct eese_data_head head;
	size_t size = 0;

	CU_ASSERT_FATAL(eese_data_head(msg.p, msg.len, &head) == EESE_OK);
	CU_ASSERT_EQUAL(head.kid, v->ksn & 7);
	CU_ASSERT_EQUAL(head.number, v->sequence);
	CU_ASSERT(eese_data_plain_size(v->alg, &head, msg.len, &size) == EESE_OK);
	CU_ASSERT_EQUAL(size, plain.len);
	CU_ASSERT(receive(at, msg.p, msg.len, &plain) == EESE_OK);
	CU_ASSERT(is_hex(plain.p, plain.len, v->plaintext));
	octets_free(&msg);
	octets_free(&plain);
}

static void test_vectors(void)
{
	for (size_t i = 0; i < COUNT(data_vectors); i++) {
		const struct place at = place_of(&data_vectors[i]);

		check_inside(&data_vectors[i], &at);
		check_seal(&data_vectors[i], &at);
		check_open(&data_vectors[i], &at);
	}
}

static void test_flipped_bits(void)
{
	for (size_t i = 0; i < COUNT(data_vectors); i++) {
		const struct place at = place_of(&data_vectors[i]);
		struct octets msg = octets_of(data_vectors[i].message);
		/* a changed head may be shorter and so leave more for the plaintext */
		struct octets plain = octets_new(msg.len);
		size_t opened = 0;

		for (size_t bit = 0; bit < 8 * msg.len; bit++) {
			msg.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
			opened += receive(&at, msg.p, msg.len, &plain) == EESE_OK;
			msg.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
		CU_ASSERT_EQUAL(opened, 0);
		octets_free(&msg);
		octets_free(&plain);
	}
}

static void test_truncated(void)
{
	for (size_t i = 0; i < COUNT(data_vectors); i++) {
		const struct place at = place_of(&data_vectors[i]);
		struct octets msg = octets_of(data_vectors[i].message);
		struct octets plain = octets_new(msg.len);
		size_t opened = 0;

		for (size_t len = 0; len < msg.len; len++) {
			struct octets cut = octets_new(len);

			if (len > 0)
				memcpy(cut.p, msg.p, len);
			opened += receive(&at, cut.p, len, &plain) == EESE_OK;
			octets_free(&cut);
		}
		CU_ASSERT_EQUAL(opened, 0);
		octets_free(&msg);
		octets_free(&plain);
	}
}

/* A message opens only for its UE, direction, keyset and topic. */
static void check_elsewhere(const struct data_vector *v)
{
	const struct place at = place_of(v);
	struct octets msg = octets_of(v->message);
	struct octets plain = octets_new(msg.len);
	struct place other = at;

	other.ue = "another";
	CU_ASSERT(receive(&other, msg.p, msg.len, &plain) == EESE_NOT_AUTHENTIC);
	other = at;
	other.topic = "another";
	other.topic_len = 7;
	CU_ASSERT(receive(&other, msg.p, msg.len, &plain) == EESE_NOT_AUTHENTIC);
	other = at;
	other.key.direction ^= 1;
	CU_ASSERT(receive(&other, msg.p, msg.len, &plain) == EESE_NOT_AUTHENTIC);
	other = at;
	other.key.ksn += 8;
	CU_ASSERT(receive(&other, msg.p, msg.len, &plain) == EESE_NOT_AUTHENTIC);
	other = at;
	other.key.iv[0] ^= 1;
	CU_ASSERT(receive(&other, msg.p, msg.len, &plain) == EESE_NOT_AUTHENTIC);
	other = at;
	other.key.key[0] ^= 1;
	CU_ASSERT(receive(&other, msg.p, msg.len, &plain) == EESE_NOT_AUTHENTIC);
	octets_free(&msg);
	octets_free(&plain);
}

static void test_elsewhere(void)
{
	for (size_t i = 0; i < COUNT(data_vectors); i++)
		check_elsewhere(&data_vectors[i]);
}

/* Up and down keys differ, not only the direction in the AAD. */
static void test_other_direction(void)
{
	for (size_t i = 0; i < COUNT(data_vectors); i++) {
		struct data_vector v = data_vectors[i];
		struct octets msg = octets_of(v.message);
		struct octets plain = octets_new(msg.len);
		struct place at;

		v.direction ^= 1;
		at = place_of(&v);
		CU_ASSERT(receive(&at, msg.p, msg.len, &plain) == EESE_NOT_AUTHENTIC);
		octets_free(&msg);
		octets_free(&plain);
	}
}

static enum eese_result seal(const struct place *at, uint64_t number, const struct octets *plain,
			     struct octets *out)
{
	size_t len = 99;
	const enum eese_result r =
	    eese_data_seal(&at->key, at->ue, at->topic, at->topic_len, number, plain->p, plain->len,
			   out->p, out->len, &len);

	CU_ASSERT_EQUAL(len, r == EESE_OK ? out->len : 0);
	return r;
}

static void test_numbers(void)
{
	static const uint64_t numbers[] = {0, 255, 256, 65535, 65536, EESE_NUMBER_MAX};
	static const size_t sizes[] = {1, 1, 2, 2, 3, 5};
	const struct place at = any_place(10);
	struct octets plain = octets_of("68656c6c6f");
	struct octets most = octets_new(plain.len + EESE_DATA_OVERHEAD_MAX);

	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct octets out = octets_new(plain.len + 9 + sizes[i]);
		struct octets back = octets_new(plain.len);
		struct eese_data_head head = {0};

		CU_ASSERT_EQUAL(eese_data_overhead(10, numbers[i]), 9 + sizes[i]);
		CU_ASSERT_EQUAL(eese_data_overhead(1, numbers[i]), 17 + sizes[i]);
		CU_ASSERT(seal(&at, numbers[i], &plain, &out) == EESE_OK);
		CU_ASSERT(eese_data_head(out.p, out.len, &head) == EESE_OK);
		CU_ASSERT(head.number == numbers[i] && head.size == 1 + sizes[i]);
		CU_ASSERT(receive(&at, out.p, out.len, &back) == EESE_OK);
		CU_ASSERT(eese_equal(back.p, plain.p, plain.len));
		octets_free(&out);
		octets_free(&back);
	}
	CU_ASSERT(seal(&at, EESE_NUMBER_MAX + 1, &plain, &most) == EESE_INVALID);
	CU_ASSERT(seal(&at, UINT64_MAX, &plain, &most) == EESE_INVALID);
	CU_ASSERT_EQUAL(eese_data_overhead(10, EESE_NUMBER_MAX + 1), 0);
	CU_ASSERT_EQUAL(eese_data_overhead(11, 0), 0);
	octets_free(&plain);
	octets_free(&most);
}

static void check_plaintext_bound(uint8_t alg)
{
	const struct place at = any_place(alg);
	const size_t overhead = eese_data_overhead(alg, 0);
	struct octets plain = octets_new(EESE_PLAINTEXT_MAX);
	struct octets out = octets_new(EESE_PLAINTEXT_MAX + overhead);
	struct octets more = octets_new(EESE_PLAINTEXT_MAX + 1);
	struct octets longer = octets_new(EESE_PLAINTEXT_MAX + 1 + overhead);

	memset(plain.p, 0x31, plain.len);
	memset(more.p, 0x31, more.len);
	CU_ASSERT(seal(&at, 0, &plain, &out) == EESE_OK);
	CU_ASSERT(seal(&at, 0, &more, &longer) == EESE_INVALID);
	memset(plain.p, 0, plain.len);
	CU_ASSERT(receive(&at, out.p, out.len, &plain) == EESE_OK);
	CU_ASSERT_EQUAL(memcmp(plain.p, more.p, plain.len), 0);
	memcpy(longer.p, out.p, out.len);
	longer.p[longer.len - 1] = 0;
	CU_ASSERT(receive(&at, longer.p, longer.len, &more) == EESE_MALFORMED);
	out.len--;
	CU_ASSERT(seal(&at, 0, &plain, &out) == EESE_INVALID);
	octets_free(&plain);
	octets_free(&out);
	octets_free(&more);
	octets_free(&longer);
}

static void test_plaintext_bound(void)
{
	static const uint8_t algs[] = {10, 30, 1, 24};

	for (size_t i = 0; i < COUNT(algs); i++)
		check_plaintext_bound(algs[i]);
}

/* Whether this place seals, and opens what another place of the same key sealed. */
static void check_place(const struct place *at, bool fits)
{
	const struct place good = any_place(10);
	struct octets plain = octets_new(0), back = octets_new(0);
	struct octets out = octets_new(10);

	CU_ASSERT(seal(at, 0, &plain, &out) == (fits ? EESE_OK : EESE_INVALID));
	if (fits) {
		CU_ASSERT(receive(at, out.p, out.len, &back) == EESE_OK);
	} else {
		CU_ASSERT(seal(&good, 0, &plain, &out) == EESE_OK);
		CU_ASSERT(receive(at, out.p, out.len, &back) == EESE_INVALID);
	}
	octets_free(&plain);
	octets_free(&back);
	octets_free(&out);
}

static void test_argument_bounds(void)
{
	static const size_t id_lens[] = {0, 1, 23, 24, 64, 65};
	static const size_t topic_lens[] = {0, 1, 23, 24, 255, 256, 1024, 1025};
	char id[EESE_UE_ID_MAX + 2];
	struct octets topic = octets_new(EESE_TOPIC_MAX + 1);
	struct place at = any_place(10);

	for (size_t i = 0; i < COUNT(id_lens); i++) {
		memset(id, 'x', sizeof(id));
		id[id_lens[i]] = '\0';
		at.ue = id;
		check_place(&at, id_lens[i] >= 1 && id_lens[i] <= EESE_UE_ID_MAX);
	}
	memset(topic.p, 't', topic.len);
	memset(id, 'x', sizeof(id));
	id[EESE_UE_ID_MAX] = '\0';
	for (size_t i = 0; i < COUNT(topic_lens); i++) {
		at.topic = topic_lens[i] > 0 ? (const char *)topic.p : NULL;
		at.topic_len = topic_lens[i];
		at.key.ksn = UINT32_MAX - 2; /* the longest AAD; kid 5, as of 77 */
		check_place(&at, topic_lens[i] <= EESE_TOPIC_MAX);
	}
	at = any_place(10);
	at.key.direction = 2;
	check_place(&at, false);
	octets_free(&topic);
}

static void test_unknown_alg(void)
{
	struct place at = any_place(10);
	struct octets plain = octets_new(1), out = octets_new(64);
	struct eese_data_head head = {.size = 2};
	size_t len;

	at.key.alg = 11;
	memset(out.p, 0, out.len);
	out.p[0] = 0x29;
	CU_ASSERT(seal(&at, 0, &plain, &out) == EESE_INVALID);
	CU_ASSERT(receive(&at, out.p, out.len, &plain) == EESE_INVALID);
	CU_ASSERT(eese_data_plain_size(11, &head, 64, &len) == EESE_INVALID);
	octets_free(&plain);
	octets_free(&out);
}

static void test_out_too_small(void)
{
	const struct place at = any_place(30);
	struct octets plain = octets_of("0102030405"), out = octets_new(5 + 18);
	size_t len = 99;

	CU_ASSERT(seal(&at, 9, &plain, &out) == EESE_OK);
	CU_ASSERT(eese_data_open(&at.key, at.ue, at.topic, at.topic_len, out.p, out.len, plain.p,
				 plain.len - 1, &len) == EESE_INVALID);
	CU_ASSERT_EQUAL(len, 0);
	octets_free(&plain);
	octets_free(&out);
}

/* Heads that are none, each followed by enough octets for a tag. */
static void test_bad_heads(void)
{
	static const char *const heads[] = {
	    "00",         "0000",         "06010203040506", "07010203040506", "020001", "0300ffff",
	    "0400ffffff", "0500ffffffff", "4100",           "8100",           "c100"};

	for (size_t i = 0; i < COUNT(heads); i++) {
		struct octets head = octets_of(heads[i]);
		struct octets msg = octets_new(head.len + 24);
		struct eese_data_head out = {.number = 99};

		memset(msg.p, 0x11, msg.len);
		memcpy(msg.p, head.p, head.len);
		CU_ASSERT(eese_data_head(msg.p, msg.len, &out) == EESE_MALFORMED);
		CU_ASSERT(out.kid == 0 && out.size == 0 && out.number == 99);
		octets_free(&head);
		octets_free(&msg);
	}
}

/* Long enough for a tag of 8 but not for one of 16. */
static void test_short_for_tag(void)
{
	const struct place at = any_place(30);
	struct octets msg = octets_of("2900000000000000000000"), plain = octets_new(0);
	struct eese_data_head head;

	CU_ASSERT(eese_data_head(msg.p, 9, &head) == EESE_MALFORMED);
	CU_ASSERT(eese_data_head(msg.p, 10, &head) == EESE_OK);
	CU_ASSERT(receive(&at, msg.p, msg.len, &plain) == EESE_MALFORMED);
	octets_free(&msg);
	octets_free(&plain);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"vectors, both ways", test_vectors},
	    {"flipped bits", test_flipped_bits},
	    {"every truncated length", test_truncated},
	    {"wrong UE-ID, topic, direction, KSN, key", test_elsewhere},
	    {"key of the other direction", test_other_direction},
	    {"numbers", test_numbers},
	    {"longest plaintext", test_plaintext_bound},
	    {"bounds of UE-ID and topic", test_argument_bounds},
	    {"unknown algorithm", test_unknown_alg},
	    {"output too small", test_out_too_small},
	    {"malformed heads", test_bad_heads},
	    {"too short for the tag", test_short_for_tag},
	};

	return run_suite("core data", tests, COUNT(tests));
}
