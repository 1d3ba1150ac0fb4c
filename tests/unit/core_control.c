/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "core/cose.h"
#include "core_support.h"
#include "eese/control.h"
#include "vectors_protocol.h"

static const uint8_t control[EESE_CONTROL_KEY_SIZE] = {0x42};

/* What a vector's e2e_int_key gives. */
struct keys {
	uint8_t control[EESE_CONTROL_KEY_SIZE];
	uint16_t ikid;
};

static struct keys keys_of(const char *e2e_int_key, const char *ue)
{
	struct octets int_key = octets_of(e2e_int_key);
	struct keys keys;

	CU_ASSERT_FATAL(eese_derive_control_key(int_key.p, ue, keys.control) == EESE_OK);
	CU_ASSERT_FATAL(eese_derive_ikid(int_key.p, &keys.ikid) == EESE_OK);
	octets_free(&int_key);
	return keys;
}

static bool listed(const struct key_update_vector *v, uint64_t number)
{
	for (size_t i = 0; i < v->ref_not_accepted_count; i++)
		if (v->ref_not_accepted_below_next[i] == number)
			return true;
	return false;
}

/* The ref that the vector describes in words, made without a look at its octets. */
static struct eese_ref ref_of(const struct key_update_vector *v)
{
	struct eese_ref ref = {.form = v->ref_form, .kid = v->ref_ksn_mod_8, .next = v->ref_next};

	if (v->ref_form != EESE_REF_INVALID)
		return ref;
	ref.accepted = UINT64_MAX;
	for (size_t i = 0; i < v->ref_not_accepted_count; i++)
		ref.accepted &=
		    ~(UINT64_C(1) << (v->ref_next - 1 - v->ref_not_accepted_below_next[i]));
	return ref;
}

static struct eese_key_update update_of(const struct key_update_vector *v, uint16_t ikid)
{
	struct octets rand = octets_of(v->rand);
	struct eese_key_update u = {
	    .reason = v->reason, .ksn = v->ksn, .ikid = ikid, .alg = v->alg, .ref = ref_of(v)};

	memcpy(u.rand, rand.p, sizeof(u.rand));
	octets_free(&rand);
	return u;
}

static void check_same_ref(const struct eese_ref *a, const struct eese_ref *b)
{
	CU_ASSERT_EQUAL(a->form, b->form);
	CU_ASSERT_EQUAL(a->kid, b->kid);
	CU_ASSERT_EQUAL(a->next, b->next);
	CU_ASSERT_EQUAL(a->accepted, b->accepted);
}

static void check_same_update(const struct eese_key_update *a, const struct eese_key_update *b)
{
	CU_ASSERT_EQUAL(a->reason, b->reason);
	CU_ASSERT_EQUAL(a->ksn, b->ksn);
	CU_ASSERT_EQUAL(a->ikid, b->ikid);
	CU_ASSERT_EQUAL(memcmp(a->rand, b->rand, sizeof(a->rand)), 0);
	CU_ASSERT_EQUAL(a->alg, b->alg);
	check_same_ref(&a->ref, &b->ref);
}

static void check_accepted(const struct key_update_vector *v, const struct eese_ref *ref)
{
	for (uint64_t n = 0; n < v->ref_next; n++)
		if (eese_ref_accepted(ref, n) == listed(v, n))
			CU_FAIL("a number's fate is read wrong");
	CU_ASSERT(!eese_ref_accepted(ref, v->ref_next));
	CU_ASSERT(!eese_ref_accepted(ref, UINT64_MAX));
}

static void check_update(const struct key_update_vector *v)
{
	const struct keys keys = keys_of(v->e2e_int_key, v->ue);
	const struct eese_key_update u = update_of(v, keys.ikid);
	struct octets msg = octets_of(v->message);
	struct eese_key_update back;
	uint8_t out[EESE_KEY_UPDATE_MAX];
	size_t len = 0;

	CU_ASSERT(eese_key_update_encode(keys.control, v->ue, &u, out, &len) == EESE_OK);
	CU_ASSERT(is_hex(out, len, v->message));
	CU_ASSERT(is_hex(out + EESE_KEY_UPDATE_HEAD, len - EESE_KEY_UPDATE_MIN, v->ref));
	CU_ASSERT(eese_key_update_decode(keys.control, v->ue, msg.p, msg.len, &back) == EESE_OK);
	check_same_update(&u, &back);
	if (v->ref_form == EESE_REF_INVALID)
		check_accepted(v, &back.ref);
	CU_ASSERT(eese_key_update_decode(keys.control, "other", msg.p, msg.len, &back) ==
		  EESE_NOT_AUTHENTIC);
	CU_ASSERT(is_zero(&back, sizeof(back)));
	octets_free(&msg);
}

static void test_update_vectors(void)
{
	for (size_t i = 0; i < COUNT(key_update_vectors); i++)
		check_update(&key_update_vectors[i]);
}

static void check_request(const struct key_request_vector *v)
{
	const struct keys keys = keys_of(v->e2e_int_key, v->ue);
	const struct eese_key_request request = {
	    .reason = v->reason, .ksn = v->ksn, .ikid = keys.ikid};
	struct octets msg = octets_of(v->message);
	struct eese_key_request back;
	uint8_t out[EESE_KEY_REQUEST_SIZE];
	uint16_t ikid = 0;

	CU_ASSERT(eese_key_request_encode(keys.control, v->ue, &request, out) == EESE_OK);
	CU_ASSERT(is_hex(out, sizeof(out), v->message));
	CU_ASSERT(eese_key_request_ikid(msg.p, msg.len, &ikid) == EESE_OK);
	CU_ASSERT_EQUAL(ikid, keys.ikid);
	CU_ASSERT(eese_key_request_decode(keys.control, v->ue, msg.p, msg.len, &back) == EESE_OK);
	CU_ASSERT_EQUAL(back.reason, v->reason);
	CU_ASSERT_EQUAL(back.ksn, v->ksn);
	CU_ASSERT_EQUAL(back.ikid, keys.ikid);
	CU_ASSERT(eese_key_request_decode(keys.control, "other", msg.p, msg.len, &back) ==
		  EESE_NOT_AUTHENTIC);
	CU_ASSERT(is_zero(&back, sizeof(back)));
	octets_free(&msg);
}

static void test_request_vectors(void)
{
	for (size_t i = 0; i < COUNT(key_request_vectors); i++)
		check_request(&key_request_vectors[i]);
}

static void test_flipped_bits(void)
{
	for (size_t i = 0; i < COUNT(key_update_vectors); i++) {
		const struct key_update_vector *v = &key_update_vectors[i];
		const struct keys keys = keys_of(v->e2e_int_key, v->ue);
		struct octets msg = octets_of(v->message);
		struct eese_key_update out;

		for (size_t bit = 0; bit < 8 * msg.len; bit++) {
			msg.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
			memset(&out, 0xaa, sizeof(out));
			CU_ASSERT(eese_key_update_decode(keys.control, v->ue, msg.p, msg.len,
							 &out) != EESE_OK);
			CU_ASSERT(is_zero(&out, sizeof(out)));
			msg.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
		octets_free(&msg);
	}
	for (size_t i = 0; i < COUNT(key_request_vectors); i++) {
		const struct key_request_vector *v = &key_request_vectors[i];
		const struct keys keys = keys_of(v->e2e_int_key, v->ue);
		struct octets msg = octets_of(v->message);
		struct eese_key_request out;

		for (size_t bit = 0; bit < 8 * msg.len; bit++) {
			msg.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
			memset(&out, 0xaa, sizeof(out));
			CU_ASSERT(eese_key_request_decode(keys.control, v->ue, msg.p, msg.len,
							  &out) != EESE_OK);
			CU_ASSERT(is_zero(&out, sizeof(out)));
			msg.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
		octets_free(&msg);
	}
}

static void test_request_lengths(void)
{
	for (size_t len = 0; len <= 60; len++) {
		struct octets msg = octets_new(len);
		struct eese_key_request out;
		uint16_t ikid;

		memset(msg.p, 0x80, msg.len);
		if (len > EESE_MAC_SIZE)
			CU_ASSERT(eese_cose_mac(control, "ue", EESE_UPLINK, msg.p,
						len - EESE_MAC_SIZE,
						msg.p + len - EESE_MAC_SIZE) == EESE_OK);
		CU_ASSERT_EQUAL(eese_key_request_decode(control, "ue", msg.p, msg.len, &out),
				len == EESE_KEY_REQUEST_SIZE ? EESE_OK : EESE_MALFORMED);
		CU_ASSERT_EQUAL(eese_key_request_ikid(msg.p, msg.len, &ikid),
				len == EESE_KEY_REQUEST_SIZE ? EESE_OK : EESE_MALFORMED);
		octets_free(&msg);
	}
}

/* Clause 3: an unlisted reason is read as 0 (KEY_UPDATE) or 2 (KEY_REQUEST). */
static void test_reasons(void)
{
	for (unsigned reason = 0; reason <= 64; reason++) {
		const struct eese_key_update u = {.reason = (uint8_t)reason};
		const struct eese_key_request q = {.reason = (uint8_t)reason};
		const enum eese_result expected = reason <= 63 ? EESE_OK : EESE_INVALID;
		uint8_t out[EESE_KEY_UPDATE_MAX];
		struct eese_key_update u_back;
		struct eese_key_request q_back;
		size_t len = 99;

		CU_ASSERT_EQUAL(eese_key_update_encode(control, "ue", &u, out, &len), expected);
		CU_ASSERT_EQUAL(len, reason <= 63 ? EESE_KEY_UPDATE_MIN : 0);
		if (reason <= 63) {
			CU_ASSERT(eese_key_update_decode(control, "ue", out, len, &u_back) ==
				  EESE_OK);
			CU_ASSERT_EQUAL(u_back.reason, reason <= 7 ? reason : 0);
		}
		CU_ASSERT_EQUAL(eese_key_request_encode(control, "ue", &q, out), expected);
		if (reason <= 63) {
			CU_ASSERT(eese_key_request_decode(control, "ue", out, EESE_KEY_REQUEST_SIZE,
							  &q_back) == EESE_OK);
			CU_ASSERT_EQUAL(q_back.reason, reason <= 5 ? reason : 2);
		}
	}
}

static void test_kinds(void)
{
	for (unsigned first = 0; first <= UINT8_MAX; first++) {
		uint8_t update[EESE_KEY_UPDATE_MIN] = {(uint8_t)first};
		uint8_t request[EESE_KEY_REQUEST_SIZE] = {(uint8_t)first};
		struct eese_key_update u;
		struct eese_key_request q;
		enum eese_kind kind;

		CU_ASSERT(eese_cose_mac(control, "ue", EESE_DOWNLINK, update, 24, update + 24) ==
			  EESE_OK);
		CU_ASSERT(eese_cose_mac(control, "ue", EESE_UPLINK, request, 7, request + 7) ==
			  EESE_OK);
		CU_ASSERT(eese_message_kind(update, 1, &kind) == EESE_OK);
		CU_ASSERT_EQUAL((unsigned)kind, first >> 6);
		CU_ASSERT_EQUAL(eese_key_update_decode(control, "ue", update, sizeof(update), &u),
				first >> 6 == 1 ? EESE_OK : EESE_MALFORMED);
		CU_ASSERT_EQUAL(
		    eese_key_request_decode(control, "ue", request, sizeof(request), &q),
		    first >> 6 == 2 ? EESE_OK : EESE_MALFORMED);
	}
	CU_ASSERT(eese_message_kind(NULL, 0, &(enum eese_kind){0}) == EESE_MALFORMED);
}

static void test_encode_refused(void)
{
	static const struct eese_ref bad[] = {
	    {.form = EESE_REF_VALID, .kid = 8},
	    {EESE_REF_INVALID, 8, 0, UINT64_MAX},
	    {EESE_REF_INVALID, 0, EESE_NUMBER_MAX + 1, UINT64_MAX},
	    {EESE_REF_INVALID, 0, 0, 0},
	    {EESE_REF_INVALID, 0, 5, UINT64_MAX - 0x20},
	    {.form = (enum eese_ref_form)3},
	};
	struct eese_key_update u = {0};
	struct eese_key_request q = {0};
	uint8_t out[EESE_KEY_UPDATE_MAX];
	size_t len;

	for (size_t i = 0; i < COUNT(bad); i++) {
		u.ref = bad[i];
		len = 99;
		CU_ASSERT(eese_key_update_encode(control, "ue", &u, out, &len) == EESE_INVALID);
		CU_ASSERT_EQUAL(len, 0);
	}
	u.ref.form = EESE_REF_ABSENT;
	len = 99;
	CU_ASSERT(eese_key_update_encode(control, "u/e", &u, out, &len) == EESE_INVALID);
	CU_ASSERT_EQUAL(len, 0);
	CU_ASSERT(eese_key_request_encode(control, "", &q, out) == EESE_INVALID);
	CU_ASSERT(is_zero(out, EESE_KEY_REQUEST_SIZE));
}

/* The longest MAC_structure: a UE-ID of 64 characters and a ref with map. */
static void test_longest(void)
{
	const struct eese_key_update u = {.ref = {EESE_REF_INVALID, 7, EESE_NUMBER_MAX, 1}};
	struct eese_key_update back;
	char id[EESE_UE_ID_MAX + 1];
	uint8_t out[EESE_KEY_UPDATE_MAX];
	size_t len;

	memset(id, 'z', EESE_UE_ID_MAX);
	id[EESE_UE_ID_MAX] = '\0';
	CU_ASSERT(eese_key_update_encode(control, id, &u, out, &len) == EESE_OK);
	CU_ASSERT_EQUAL(len, EESE_KEY_UPDATE_MAX);
	CU_ASSERT(eese_key_update_decode(control, id, out, len, &back) == EESE_OK);
	check_same_update(&u, &back);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"KEY_UPDATE vectors, both ways", test_update_vectors},
	    {"KEY_REQUEST vectors, both ways", test_request_vectors},
	    {"flipped bits", test_flipped_bits},
	    {"KEY_REQUEST of every length", test_request_lengths},
	    {"reasons", test_reasons},
	    {"kinds", test_kinds},
	    {"encoding refused", test_encode_refused},
	    {"longest message", test_longest},
	};

	return run_suite("core control", tests, COUNT(tests));
}
