/* SPDX-License-Identifier: Apache-2.0 */
/* The ref, by itself and inside KEY_UPDATEs of every length. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "core/cose.h"
#include "core_support.h"
#include "eese/control.h"

static const uint8_t control[EESE_CONTROL_KEY_SIZE] = {0x42};

static void check_same_ref(const struct eese_ref *a, const struct eese_ref *b)
{
	CU_ASSERT_EQUAL(a->form, b->form);
	CU_ASSERT_EQUAL(a->kid, b->kid);
	CU_ASSERT_EQUAL(a->next, b->next);
	CU_ASSERT_EQUAL(a->accepted, b->accepted);
}

/* A KEY_UPDATE of len octets with this ref, if it fits, and a MAC that holds. */
static struct octets make_update(size_t len, uint8_t first, const struct octets *ref)
{
	struct octets msg = octets_new(len);

	memset(msg.p, 0x33, msg.len);
	if (len > 0)
		msg.p[0] = first;
	if (len < EESE_KEY_UPDATE_MIN)
		return msg;
	if (ref->len > 0 && ref->len <= len - EESE_KEY_UPDATE_MIN)
		memcpy(msg.p + EESE_KEY_UPDATE_HEAD, ref->p, ref->len);
	CU_ASSERT(eese_cose_mac(control, "ue", EESE_DOWNLINK, msg.p, len - EESE_MAC_SIZE,
				msg.p + len - EESE_MAC_SIZE) == EESE_OK);
	return msg;
}

static enum eese_result decode_ref(const char *hex, struct eese_ref *ref)
{
	struct octets octets = octets_of(hex);
	struct octets msg = make_update(EESE_KEY_UPDATE_MIN + octets.len, 0x40, &octets);
	struct eese_key_update u;
	const enum eese_result r = eese_key_update_decode(control, "ue", msg.p, msg.len, &u);

	CU_ASSERT(r == EESE_OK || is_zero(&u, sizeof(u)));
	*ref = u.ref;
	octets_free(&octets);
	octets_free(&msg);
	return r;
}

static void test_good_refs(void)
{
	static const struct {
		const char *hex;
		struct eese_ref ref;
	} rows[] = {
	    {"", {.form = EESE_REF_ABSENT}},
	    {"00", {.form = EESE_REF_VALID, .kid = 0}},
	    {"38", {.form = EESE_REF_VALID, .kid = 7}},
	    {"0100", {EESE_REF_INVALID, 0, 0, UINT64_MAX}},
	    {"3901", {EESE_REF_INVALID, 7, 1, UINT64_MAX}},
	    {"020100", {EESE_REF_INVALID, 0, 256, UINT64_MAX}},
	    {"05ffffffffff", {EESE_REF_INVALID, 0, EESE_NUMBER_MAX, UINT64_MAX}},
	    {"0100ffffffffffffffff", {EESE_REF_INVALID, 0, 0, UINT64_MAX}},
	    {"0140ffffffffffffffff", {EESE_REF_INVALID, 0, 64, UINT64_MAX}},
	    {"0105ffffffffffffffe1", {EESE_REF_INVALID, 0, 5, UINT64_MAX - 0x1e}},
	    {"013f8000000000000001", {EESE_REF_INVALID, 0, 63, (UINT64_C(1) << 63) + 1}},
	    {"01400000000000000001", {EESE_REF_INVALID, 0, 64, 1}},
	    {"05ffffffffff0000000000000001", {EESE_REF_INVALID, 0, EESE_NUMBER_MAX, 1}},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct eese_ref ref;

		CU_ASSERT(decode_ref(rows[i].hex, &ref) == EESE_OK);
		check_same_ref(&ref, &rows[i].ref);
	}
}

static void test_bad_refs(void)
{
	static const char *const rows[] = {
	    /* one octet that isn't `00 kkk 000` */
	    "01",
	    "05",
	    "07",
	    "40",
	    "80",
	    "c0",
	    /* nnn 0, 6, 7; bits 7-6 */
	    "0000",
	    "06010203",
	    "07010203",
	    "4100",
	    "8100",
	    "c100",
	    /* nnn and length do not agree */
	    "0200",
	    "010000",
	    "0301",
	    "05010203",
	    "0101ffffffffffffff",
	    "0101ffffffffffffffffff",
	    "02ffffffffffffffffff",
	    /* 7, 8, 9 and 15 octets */
	    "01010101010101",
	    "0601010101010101",
	    "070101010101010101",
	    "06010203040506ffffffffffffffff",
	    /* not minimal */
	    "020001",
	    "0200ff",
	    "050000000001",
	    "020005ffffffffffffffff",
	    /* bits below number 0 must be set */
	    "0100fffffffffffffffe",
	    "0100ffffffffffff7fff",
	    "01057fffffffffffffff",
	    "0105ffffffffffffffdf",
	    "013f7fffffffffffffff",
	    "01010000000000000001",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct eese_ref ref;

		CU_ASSERT(decode_ref(rows[i], &ref) == EESE_MALFORMED);
	}
}

/* Every length: with the ref that fits it if one does, and with MACs that hold. */
static void test_update_lengths(void)
{
	static const char *const by_length[15] = {
	    [0] = "",
	    [1] = "08",
	    [2] = "0905",
	    [3] = "0a0500",
	    [4] = "0b050000",
	    [5] = "0c05000000",
	    [6] = "0d0500000000",
	    [10] = "0905ffffffffffffffff",
	    [11] = "0a0500ffffffffffffffff",
	    [12] = "0b050000ffffffffffffffff",
	    [13] = "0c05000000ffffffffffffffff",
	    [14] = "0d0500000000ffffffffffffffff",
	};

	for (size_t len = 0; len <= 60; len++) {
		const size_t ref_len = len - EESE_KEY_UPDATE_MIN;
		const char *hex = len >= EESE_KEY_UPDATE_MIN && ref_len < COUNT(by_length)
				      ? by_length[ref_len]
				      : NULL;
		struct octets ref = octets_of(hex ? hex : "0905");
		struct octets msg = make_update(len, 0x40, &ref);
		struct eese_key_update u;

		CU_ASSERT_EQUAL(eese_key_update_decode(control, "ue", msg.p, msg.len, &u),
				hex ? EESE_OK : EESE_MALFORMED);
		octets_free(&ref);
		octets_free(&msg);
	}
}

static void test_ref_of_window(void)
{
	struct eese_window w = {0};
	struct eese_ref ref = eese_ref_of_window(0, &w);

	CU_ASSERT(ref.form == EESE_REF_INVALID && ref.next == 0 && ref.accepted == UINT64_MAX);
	eese_window_mark(&w, 0);
	eese_window_mark(&w, 2);
	ref = eese_ref_of_window(0xfffffffd, &w);
	CU_ASSERT(ref.kid == 5 && ref.next == 3);
	CU_ASSERT_EQUAL(ref.accepted, UINT64_MAX - 2);
	CU_ASSERT(eese_ref_accepted(&ref, 0));
	CU_ASSERT(!eese_ref_accepted(&ref, 1));
	CU_ASSERT(eese_ref_accepted(&ref, 2));
	CU_ASSERT(!eese_ref_accepted(&ref, 3));
	eese_window_mark(&w, EESE_NUMBER_MAX - 1);
	ref = eese_ref_of_window(0, &w);
	CU_ASSERT(ref.next == EESE_NUMBER_MAX && ref.accepted == 1);
	ref.form = EESE_REF_VALID;
	CU_ASSERT(!eese_ref_accepted(&ref, 1));
	/* a map without its first and last bit: the 64 below next end at 36 */
	ref = (struct eese_ref){EESE_REF_INVALID, 0, 100, UINT64_MAX >> 1 & ~UINT64_C(1)};
	CU_ASSERT(!eese_ref_accepted(&ref, 99));
	CU_ASSERT(eese_ref_accepted(&ref, 98));
	CU_ASSERT(!eese_ref_accepted(&ref, 36));
	CU_ASSERT(eese_ref_accepted(&ref, 35));
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"refs", test_good_refs},
	    {"malformed refs", test_bad_refs},
	    {"KEY_UPDATE of every length", test_update_lengths},
	    {"ref of a window", test_ref_of_window},
	};

	return run_suite("core ref", tests, COUNT(tests));
}
