/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_support.h"
#include "ctl/event.h"
#include "ctl_support.h"

#define TOPIC "app/meter-7/event"
#define HEAD "\"ueId\":\"meter-7\",\"time\":\"2026-11-24T16:04:02Z\""

/* What event_print() prints of it, to be freed; empty if it is none. */
static char *printed(const char *topic, const char *json, bool as_json)
{
	const struct octets o = octets_new(strlen(json));
	struct octets copy = o;
	char *text;
	bool is_event;

	memcpy(copy.p, json, copy.len);
	capture();
	is_event = event_print(topic, copy.p, copy.len, as_json);
	text = captured();
	CU_ASSERT_EQUAL(is_event, text[0] != '\0');
	octets_free(&copy);
	return text;
}

static void test_lines(void)
{
	static const struct {
		const char *json, *line;
	} rows[] = {
	    {"{\"event\":\"keyRefreshed\"," HEAD ",\"ksn\":1795521842}",
	     "2026-11-24T16:04:02Z  meter-7           keyRefreshed     ksn 1795521842\n"},
	    {"{\"event\":\"keyExpired\"," HEAD ",\"cause\":\"te2e\",\"ksn\":7,\"count\":3}",
	     "2026-11-24T16:04:02Z  meter-7           keyExpired       cause te2e  ksn 7  count "
	     "3\n"},
	    {"{\"event\":\"replayed\"," HEAD "}",
	     "2026-11-24T16:04:02Z  meter-7           replayed\n"},
	    {"{\"event\":\"\\u001b[2J\"," HEAD ",\"x\\n\":\"\\r\",\"y\":[],\"z\":1e300}", NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *text = printed(TOPIC, rows[i].json, false);

		if (rows[i].line != NULL)
			CU_ASSERT_STRING_EQUAL(text, rows[i].line);
		CU_ASSERT_EQUAL(strcspn(text, "\x1b\r"), strlen(text));
		CU_ASSERT_EQUAL(strcspn(text, "\n"), strlen(text) - 1);
		free(text);
	}
}

static void test_json(void)
{
	static const char json[] = "{ \"event\" : \"keyRefreshed\"," HEAD ",\"new\":{\"a\":[1]}}\n";
	char *text = printed(TOPIC, json, true);

	CU_ASSERT_STRING_EQUAL(text, "{\"event\":\"keyRefreshed\"," HEAD ",\"new\":{\"a\":[1]}}\n");
	free(text);
}

static void test_none(void)
{
	static const char *const rows[] = {
	    "",
	    "{",
	    "[]",
	    "1",
	    "{}",
	    "{\"event\":\"a\"}",
	    ("{" HEAD "}"),
	    ("{\"event\":5," HEAD "}"),
	    "{\"event\":\"a\",\"ueId\":\"meter-7\",\"time\":0}",
	    "{\"event\":\"a\",\"ueId\":\"meter\",\"time\":\"x\"}",
	};
	static const char event[] = "{\"event\":\"a\"," HEAD "}";

	for (size_t i = 0; i < COUNT(rows); i++)
		free(printed(TOPIC, rows[i], i % 2 == 0));
	CU_ASSERT_FALSE(event_print("app/meter-8/event", event, strlen(event), false));
	CU_ASSERT_FALSE(event_print("meter-7", event, strlen(event), false));
	CU_ASSERT_FALSE(event_print("app/meter-7", event, strlen(event), false));
}

static void test_nothing_of_none(void)
{
	char *text = printed(TOPIC, "{\"event\":\"a\",\"ueId\":\"other\",\"time\":\"x\"}", false);

	CU_ASSERT_STRING_EQUAL(text, "");
	free(text);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"lines", test_lines},
	    {"JSON", test_json},
	    {"none", test_none},
	    {"nothing printed of none", test_nothing_of_none},
	};

	return run_suite("ctl event", tests, COUNT(tests));
}
