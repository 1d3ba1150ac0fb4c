/* SPDX-License-Identifier: Apache-2.0 */
#include "host/rfc3339.h"

#include <CUnit/CUnit.h>
#include <string.h>

#include "core_support.h"

static void test_write(void)
{
	static const struct {
		uint64_t unix;
		const char *text;
	} cases[] = {
	    {0, "1970-01-01T00:00:00Z"},
	    {951782399, "2000-02-28T23:59:59Z"},
	    {951782400, "2000-02-29T00:00:00Z"},
	    {1795521842, "2026-11-24T12:04:02Z"},
	    {UINT64_C(4294967296), "2106-02-07T06:28:16Z"},
	    {UINT64_C(253402300799), "9999-12-31T23:59:59Z"},
	    {UINT64_C(253402300800), "9999-12-31T23:59:59Z"},
	    {UINT64_MAX, "9999-12-31T23:59:59Z"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char out[EESE_RFC3339_SIZE];

		eese_rfc3339_write(cases[i].unix, out);
		CU_ASSERT_STRING_EQUAL(out, cases[i].text);
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"write", test_write},
	};

	return run_suite("host rfc3339", tests, COUNT(tests));
}
