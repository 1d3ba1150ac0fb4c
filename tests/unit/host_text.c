/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "core_support.h"
#include "host/text.h"

static void test_clean(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"", ""},
	    {"meter-7", "meter-7"},
	    {"\x1b[31mred\x1b[0m\x07\n\t\x7f", "?[31mred?[0m????"},
	    {"K\xc3\xb6ln \xe2\x82\xac \xf0\x9f\x94\x91",
	     "K\xc3\xb6ln \xe2\x82\xac \xf0\x9f\x94\x91"},
	    /* C1: U+0080, U+009B (CSI), U+009F; U+00A0 is none */
	    {"\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "??????\xc2\xa0"},
	    /* U+202E turns what follows, U+2066 and U+200F too; U+2027 and U+2030 don't */
	    {"\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8f", "?????????"},
	    {"\xe2\x80\xa7\xe2\x80\xb0", "\xe2\x80\xa7\xe2\x80\xb0"},
	    /* no UTF-8: alone, cut off, overlong, a surrogate, beyond U+10FFFF, no lead at all */
	    {"a\x80z\xbf", "a?z?"},
	    {"\xc3", "?"},
	    {"\xe2\x82", "??"},
	    {"\xe2\x82z", "??z"},
	    {"\xf0\x9f\x94", "???"},
	    {"\xc0\x9b\xc1\xbf", "????"},
	    {"\xe0\x82\x9b", "???"},
	    {"\xed\xa0\x80", "???"},
	    {"\xf4\x90\x80\x80", "????"},
	    {"\xf8\x88\x80\x80\x80\xff\xfe", "???????"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct octets copy = octets_new(strlen(rows[i].in) + 1);

		memcpy(copy.p, rows[i].in, copy.len);
		eese_text_clean((char *)copy.p);
		CU_ASSERT_STRING_EQUAL(copy.p, rows[i].out);
		octets_free(&copy);
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"what may reach a terminal", test_clean},
	};

	return run_suite("host text", tests, COUNT(tests));
}
