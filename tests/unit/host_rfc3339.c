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

static void test_times(void)
{
	static const struct {
		const char *text;
		uint64_t unix_s;
	} rows[] = {
	    {"1970-01-01T00:00:00Z", 0},
	    {"2026-11-24T16:04:02Z", 1795536242},
	    {"2026-11-24t16:04:02z", 1795536242},
	    {"2026-11-24 16:04:02.999999999Z", 1795536242},
	    {"2026-11-24T18:04:02+02:00", 1795536242},
	    {"2026-11-24T10:34:02-05:30", 1795536242},
	    {"2026-11-24T16:04:02-00:00", 1795536242},
	    {"2000-02-29T23:59:59Z", 951868799},
	    {"2016-12-31T23:59:60Z", 1483228800},
	    {"9999-12-31T23:59:59Z", UINT64_C(253402300799)},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t t = 1;

		CU_ASSERT(eese_rfc3339_read(rows[i].text, &t));
		CU_ASSERT(t == rows[i].unix_s);
	}
}

static void test_no_times(void)
{
	static const char *const rows[] = {
	    "",
	    "1795536242",
	    "2026-11-24",
	    "2026-11-24T16:04:02",
	    "2026-11-24T16:04Z",
	    "2026-11-24T16:04:02Z ",
	    " 2026-11-24T16:04:02Z",
	    "2026-11-24T16:04:02.Z",
	    "2026-11-24T16:04:02,5Z",
	    "2026-11-24X16:04:02Z",
	    "2026-11-24T16:04:02+0200",
	    "2026-11-24T16:04:02+02",
	    "2026-11-24T16:04:02+24:00",
	    "2026-11-24T16:04:02+02:60",
	    "2026-11-24T24:00:00Z",
	    "2026-11-24T16:60:02Z",
	    "2026-11-24T16:04:61Z",
	    "2026-11-31T16:04:02Z",
	    "2026-13-01T16:04:02Z",
	    "2026-00-01T16:04:02Z",
	    "2026-01-00T16:04:02Z",
	    "2026-02-29T16:04:02Z",
	    "2100-02-29T16:04:02Z",
	    "1969-12-31T23:59:59Z",
	    "1970-01-01T00:00:00+00:01",
	    "+026-11-24T16:04:02Z",
	    "12026-11-24T16:04:02Z",
	    "2026-1-24T16:04:02Z",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t t = 1;

		CU_ASSERT(!eese_rfc3339_read(rows[i], &t));
		CU_ASSERT(t == 0);
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"write", test_write},
	    {"times", test_times},
	    {"what is no time", test_no_times},
	};

	return run_suite("host rfc3339", tests, COUNT(tests));
}
