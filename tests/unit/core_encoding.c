/* SPDX-License-Identifier: Apache-2.0 */
/* Reader, writer, Partial IV and CBOR heads. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "core/cbor.h"
#include "core/number.h"
#include "core/octets.h"
#include "core_support.h"
#include "eese/wire.h"

static void test_reader(void)
{
	static const uint8_t octets[] = {1, 2, 3, 4, 5};
	struct eese_reader r = eese_reader_of(octets, sizeof(octets));

	CU_ASSERT_EQUAL(eese_read_uint(&r, 2), 0x0102);
	CU_ASSERT(!eese_read_all(&r));
	CU_ASSERT_PTR_EQUAL(eese_read(&r, 2), octets + 2);
	CU_ASSERT_PTR_NULL(eese_read(&r, 2));
	CU_ASSERT(!r.ok);
	/* failed stays failed, though one octet would be there */
	CU_ASSERT_PTR_NULL(eese_read(&r, 1));
	CU_ASSERT_EQUAL(eese_read_uint(&r, 1), 0);
	CU_ASSERT(!eese_read_all(&r));

	r = eese_reader_of(octets, sizeof(octets));
	CU_ASSERT_PTR_NULL(eese_read(&r, SIZE_MAX));
	r = eese_reader_of(NULL, 0);
	CU_ASSERT(eese_read_all(&r));
	r = eese_reader_of(NULL, 1);
	CU_ASSERT_PTR_NULL(eese_read(&r, 1));
}

static void test_writer(void)
{
	struct octets o = octets_new(4);
	struct eese_writer w = eese_writer_of(o.p, o.len);

	eese_write_uint(&w, 2, UINT64_C(0xff0102));
	eese_write(&w, NULL, 0);
	CU_ASSERT(w.ok && w.len == 2);
	CU_ASSERT(is_hex(o.p, 2, "0102"));
	eese_write(&w, "abc", 3);
	CU_ASSERT(!w.ok && w.len == 2);
	eese_write(&w, "a", 1);
	CU_ASSERT(!w.ok && w.len == 2);
	octets_free(&o);
}

static void test_numbers(void)
{
	static const struct {
		uint64_t number;
		const char *hex;
	} rows[] = {
	    {0, "1900"},
	    {1, "1901"},
	    {255, "19ff"},
	    {256, "1a0100"},
	    {65535, "1affff"},
	    {65536, "1b010000"},
	    {0xffffff, "1bffffff"},
	    {0x1000000, "1c01000000"},
	    {0xffffffff, "1cffffffff"},
	    {UINT64_C(0x100000000), "1d0100000000"},
	    {EESE_NUMBER_MAX, "1dffffffffff"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t out[EESE_DATA_HEAD_MAX], kid = 0;
		struct eese_writer w = eese_writer_of(out, sizeof(out));
		uint64_t number = 0;

		eese_write_number(&w, 3, rows[i].number);
		CU_ASSERT(w.ok && is_hex(out, w.len, rows[i].hex));
		CU_ASSERT_EQUAL(eese_number_size(rows[i].number), w.len - 1);
		for (size_t len = 0; len <= w.len; len++) {
			struct octets cut = octets_new(len);
			struct eese_reader r = eese_reader_of(cut.p, len);

			if (len > 0)
				memcpy(cut.p, out, len);
			CU_ASSERT_EQUAL(eese_read_number(&r, &kid, &number), len == w.len);
			octets_free(&cut);
		}
		CU_ASSERT(kid == 3 && number == rows[i].number);
	}
}

static void test_bad_numbers(void)
{
	static const char *const rows[] = {
	    "0000",
	    "0600000000000001",
	    "0601000000000000",
	    "0701000000000000",
	    "020000",
	    "020001",
	    "0200ff",
	    "03000100",
	    "0400ffffff",
	    "0500ffffffff",
	    "4100",
	    "8100",
	    "c100",
	    "",
	    "05000000000000",
	    "08",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct octets o = octets_of(rows[i]);
		struct eese_reader r = eese_reader_of(o.p, o.len);
		uint8_t kid = 99;
		uint64_t number = 99;

		CU_ASSERT(!eese_read_number(&r, &kid, &number));
		CU_ASSERT(kid == 99 && number == 99);
		octets_free(&o);
	}
}

/* RFC 8949 appendix A, and the edges of each length. */
static void test_cbor_heads(void)
{
	static const struct {
		enum eese_cbor_major major;
		uint32_t value;
		const char *hex;
	} rows[] = {
	    {EESE_CBOR_UINT, 0, "00"},
	    {EESE_CBOR_UINT, 23, "17"},
	    {EESE_CBOR_UINT, 24, "1818"},
	    {EESE_CBOR_UINT, 30, "181e"},
	    {EESE_CBOR_UINT, 255, "18ff"},
	    {EESE_CBOR_UINT, 256, "190100"},
	    {EESE_CBOR_UINT, 65535, "19ffff"},
	    {EESE_CBOR_UINT, 65536, "1a00010000"},
	    {EESE_CBOR_UINT, 1000000, "1a000f4240"},
	    {EESE_CBOR_UINT, UINT32_MAX, "1affffffff"},
	    {EESE_CBOR_BSTR, 0, "40"},
	    {EESE_CBOR_BSTR, 24, "5818"},
	    {EESE_CBOR_TSTR, 1024, "790400"},
	    {EESE_CBOR_ARRAY, 5, "85"},
	    {EESE_CBOR_MAP, 1, "a1"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t out[5];
		struct eese_writer w = eese_writer_of(out, sizeof(out));

		eese_cbor_head(&w, rows[i].major, rows[i].value);
		CU_ASSERT(w.ok && is_hex(out, w.len, rows[i].hex));
		CU_ASSERT_EQUAL(eese_cbor_head_size(rows[i].value), w.len);
	}
}

static void test_cbor_strings(void)
{
	uint8_t out[6];
	struct eese_writer w = eese_writer_of(out, sizeof(out));

	eese_cbor_string(&w, EESE_CBOR_TSTR, "IETF", 4);
	CU_ASSERT(w.ok && is_hex(out, w.len, "6449455446"));
	CU_ASSERT_EQUAL(eese_cbor_string_size(4), 5);
	CU_ASSERT_EQUAL(eese_cbor_string_size(24), 26);
	eese_cbor_string(&w, EESE_CBOR_BSTR, NULL, 0);
	CU_ASSERT(w.ok && w.len == 6 && out[5] == 0x40);
	eese_cbor_string(&w, EESE_CBOR_BSTR, "x", 1);
	CU_ASSERT(!w.ok);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"reader", test_reader},
	    {"writer", test_writer},
	    {"numbers, both ways", test_numbers},
	    {"numbers refused", test_bad_numbers},
	    {"CBOR heads", test_cbor_heads},
	    {"CBOR strings", test_cbor_strings},
	};

	return run_suite("core encoding", tests, COUNT(tests));
}
