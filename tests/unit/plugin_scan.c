/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/scan.h"

#include <CUnit/CUnit.h>
#include <string.h>

#include "core_support.h"

static enum eese_scan scan(const char *text, size_t len, size_t most)
{
	/* on the heap, so that a sanitizer sees a step beyond */
	struct octets o = octets_new(len);
	enum eese_scan r;

	if (len > 0)
		memcpy(o.p, text, len);
	r = eese_scan_json((const char *)o.p, len, most);
	octets_free(&o);
	return r;
}

static void test_strings(void)
{
	static const struct {
		const char *text;
		enum eese_scan is;
	} rows[] = {
	    {"", EESE_SCAN_GOOD},
	    {"{\"a\":\"b\"}\r\n\t", EESE_SCAN_GOOD},
	    {"\"\\\"\\\\\\u0001\\u00000\"", EESE_SCAN_BAD},
	    {"\"\\u0001\\u0010\"", EESE_SCAN_GOOD},
	    {"\"x\\u0000\"", EESE_SCAN_BAD},
	    {"\"x\\\\u0000\"", EESE_SCAN_GOOD}, /* a backslash, then letters */
	    {"\"\\u000", EESE_SCAN_GOOD},       /* the parser finds the end missing */
	    {"\\u0000", EESE_SCAN_GOOD},        /* outside of any string */
	    {"\"a\nb\"", EESE_SCAN_BAD},
	    {"\"a\x1f\"", EESE_SCAN_BAD},
	    {"\"a\x7f\xff\"", EESE_SCAN_GOOD},
	    {"\"\\", EESE_SCAN_GOOD},
	    {"\"", EESE_SCAN_GOOD},
	    {"\"a\" \"\x01\"", EESE_SCAN_BAD},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		CU_ASSERT_EQUAL(scan(rows[i].text, strlen(rows[i].text), 100), rows[i].is);
	CU_ASSERT_EQUAL(scan("\"a\0b\"", 5, 100), EESE_SCAN_BAD);
}

static void test_many(void)
{
	CU_ASSERT_EQUAL(scan("[1,2,3]", 7, 2), EESE_SCAN_GOOD);
	CU_ASSERT_EQUAL(scan("[1,2,3]", 7, 1), EESE_SCAN_MANY);
	CU_ASSERT_EQUAL(scan("[1,\",,\\\",,\",3]", 14, 2), EESE_SCAN_GOOD);
	CU_ASSERT_EQUAL(scan(",", 1, 0), EESE_SCAN_MANY);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"strings", test_strings},
	    {"many values", test_many},
	};

	return run_suite("plugin scan", tests, COUNT(tests));
}
