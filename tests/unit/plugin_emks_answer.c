/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/emks_answer.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_support.h"
#include "eese/keys.h"

#define KEY "d9e503b501cba6e56772bb84ee8c39828c0b5d08dbb12da8070e4ceb91686f50"
#define TIMES "\"created\":\"2026-11-24T16:04:02Z\",\"expiry\":\"2026-11-25T16:04:02Z\""

/* As the client has it: a NUL stands behind it, and nothing behind that. */
static char *copy_of(const char *text, size_t len)
{
	char *body = malloc(len + 1);

	if (body == NULL)
		abort();
	memcpy(body, text, len);
	body[len] = '\0';
	return body;
}

static const char *read_octets(const char *text, size_t len, struct eese_key_grant *out)
{
	char *body = copy_of(text, len);
	const char *wrong = eese_emks_read_key(body, len, "B.x_9-", out);

	free(body);
	return wrong;
}

static uint16_t ikid_of_key(void)
{
	struct octets key = octets_of(KEY);
	uint16_t ikid = 0;

	CU_ASSERT_EQUAL(eese_derive_ikid(key.p, &ikid), EESE_OK);
	octets_free(&key);
	return ikid;
}

/* %04x of the format is the right intKeyId. */
static const char *read_text(const char *format, struct eese_key_grant *out)
{
	char text[1024];

	snprintf(text, sizeof text, format, ikid_of_key());
	return read_octets(text, strlen(text), out);
}

static void test_right(void)
{
	static const char *const texts[] = {
	    "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":\"" KEY "\",\"intKeyId\":\"%04x\"," TIMES "}",
	    "{" TIMES
	    ",\"more\":[1,{\"e2eIntKey\":0}],\"intKeyId\":\"%04x\",\n\t \"e2eIntKey\":\"" KEY
	    "\",\"ueId\":\"B.x_9-\"} \r\n",
	};
	struct eese_key_grant g;

	for (size_t i = 0; i < COUNT(texts); i++) {
		CU_ASSERT_PTR_NULL(read_text(texts[i], &g));
		CU_ASSERT(is_hex(g.int_key, sizeof g.int_key, KEY));
		CU_ASSERT_EQUAL(g.created, 1795536242);
		CU_ASSERT_EQUAL(g.expiry, 1795536242 + 86400);
	}
}

static void test_wrong(void)
{
	static const char *const texts[] = {
	    "",
	    " ",
	    "{}",
	    "[]",
	    "null",
	    "\"" KEY "\"",
	    /* another UE, or none */
	    "{\"ueId\":\"B.x_9\",\"e2eIntKey\":\"" KEY "\",\"intKeyId\":\"%04x\"," TIMES "}",
	    "{\"ueId\":\"b.x_9-\",\"e2eIntKey\":\"" KEY "\",\"intKeyId\":\"%04x\"," TIMES "}",
	    "{\"ueid\":\"B.x_9-\",\"e2eIntKey\":\"" KEY "\",\"intKeyId\":\"%04x\"," TIMES "}",
	    "{\"ueId\":7,\"e2eIntKey\":\"" KEY "\",\"intKeyId\":\"%04x\"," TIMES "}",
	    "{\"e2eIntKey\":\"" KEY "\",\"intKeyId\":\"%04x\"," TIMES "}",
	    /* a member twice */
	    "{\"ueId\":\"x\",\"ueId\":\"B.x_9-\",\"e2eIntKey\":\"" KEY
	    "\",\"intKeyId\":\"%04x\"," TIMES "}",
	    "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":\"" KEY "\",\"e2eIntKey\":\"" KEY
	    "\",\"intKeyId\":\"%04x\"," TIMES "}",
	    /* keys that are none */
	    "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":\"" KEY "00\",\"intKeyId\":\"%04x\"," TIMES "}",
	    "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":\"D" KEY "\",\"intKeyId\":\"%04x\"," TIMES "}",
	    "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":\"\",\"intKeyId\":\"%04x\"," TIMES "}",
	    "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":null,\"intKeyId\":\"%04x\"," TIMES "}",
	    "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":[\"" KEY "\"],\"intKeyId\":\"%04x\"," TIMES "}",
	    /* intKeyId */
	    "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":\"" KEY "\",\"intKeyId\":\"1%04x\"," TIMES "}",
	    "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":\"" KEY "\",\"intKeyId\":\"0000\"," TIMES "}",
	    "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":\"" KEY "\"," TIMES "}",
	    /* times */
	    "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":\"" KEY "\",\"intKeyId\":\"%04x\"}",
	    "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":\"" KEY
	    "\",\"intKeyId\":\"%04x\",\"created\":\"2026-11-24T16:04:02Z\",\"expiry\":\"never\"}",
	    "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":\"" KEY
	    "\",\"intKeyId\":\"%04x\",\"created\":1795536242,\"expiry\":1795536243}",
	    "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":\"" KEY "\",\"intKeyId\":\"%04x\",\"created\":"
	    "\"2026-11-24T16:04:02Z\",\"expiry\":\"2026-11-24T16:04:02Z\"}",
	    /* something behind it */
	    "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":\"" KEY "\",\"intKeyId\":\"%04x\"," TIMES "}{}",
	    "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":\"" KEY "\",\"intKeyId\":\"%04x\"," TIMES "}]",
	};
	struct eese_key_grant g;

	for (size_t i = 0; i < COUNT(texts); i++) {
		memset(&g, 0xaa, sizeof g);
		if (read_text(texts[i], &g) == NULL)
			printf("\n  taken: %s\n", texts[i]);
		CU_ASSERT_PTR_NOT_NULL(read_text(texts[i], &g));
		CU_ASSERT(is_zero(&g, sizeof g));
	}
}

/* Any octets in any places: what is taken names the UE, and has the IKID of its key. */
static void test_any_octets(void)
{
	char text[512];
	size_t whole, taken = 0;
	struct eese_key_grant g;

	random_seed();
	for (int i = 0; i < 50000; i++) {
		uint16_t ikid = 0;

		whole = (size_t)snprintf(text, sizeof text,
					 "{\"ueId\":\"B.x_9-\",\"e2eIntKey\":\"" KEY
					 "\",\"intKeyId\":\"%04x\"," TIMES "}",
					 ikid_of_key());
		for (uint64_t n = 1 + random_next() % 3; n > 0; n--)
			text[random_next() % whole] = (char)random_next();
		if (random_next() % 4 == 0)
			whole = random_next() % whole;
		if (read_octets(text, whole, &g) != NULL) {
			CU_ASSERT(is_zero(&g, sizeof g));
			continue;
		}
		taken++;
		CU_ASSERT(eese_derive_ikid(g.int_key, &ikid) == EESE_OK && ikid == ikid_of_key());
		CU_ASSERT(g.created < g.expiry);
	}
	CU_ASSERT(taken < 10000);
}

static void test_problems(void)
{
	static const struct {
		const char *text, *meaning;
	} rows[] = {
	    {"{\"title\":\"Forbidden\",\"status\":403,\"cause\":\"UE_NOT_AUTHORIZED\"}", NULL},
	    {"{}", NULL},
	    {"{\"cause\":7}", NULL},
	    {"{\"cause\":\"CLIENT_UNKNOWN\"}", "certificate"},
	    {"{\"cause\":\"RESOURCE_URI_STRUCTURE_NOT_FOUND\"}", "path"},
	    {"<html>", "no JSON"},
	    {"", "no JSON"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *body = copy_of(rows[i].text, strlen(rows[i].text));
		const char *meaning = eese_emks_read_problem(body, strlen(body));

		CU_ASSERT_EQUAL(meaning == NULL, rows[i].meaning == NULL);
		CU_ASSERT(meaning == NULL || rows[i].meaning == NULL ||
			  strstr(meaning, rows[i].meaning) != NULL);
		free(body);
	}
}

static void expect_rands(const char *text, size_t expected)
{
	uint8_t rands[EESE_EMKS_BATCH][EESE_RAND_SIZE];
	char *body = copy_of(text, strlen(text));
	size_t count = 99;
	const char *wrong = eese_emks_read_rands(body, strlen(body), rands, &count);

	CU_ASSERT_EQUAL(wrong == NULL, expected > 0);
	CU_ASSERT(wrong != NULL || count == expected);
	free(body);
}

#define RAND "00112233445566778899aabbccddeeff"

/* count of them, all different. */
static void many_rands(size_t count, char text[16384])
{
	size_t len = (size_t)sprintf(text, "{\"rands\":[");

	for (size_t i = 0; i < count; i++)
		len += (size_t)sprintf(text + len, "%s\"%032zx\"", i > 0 ? "," : "", i);
	sprintf(text + len, "]}");
}

static void test_rands(void)
{
	char text[16384];

	expect_rands("{\"rands\":[\"" RAND "\"]}", 1);
	many_rands(EESE_EMKS_BATCH, text);
	expect_rands(text, EESE_EMKS_BATCH);
	many_rands(EESE_EMKS_BATCH + 1, text);
	expect_rands(text, 0);
	expect_rands("{\"rands\":[]}", 0);
	expect_rands("{\"rands\":[\"" RAND "\",\"" RAND "\"]}", 0);
	expect_rands("{\"rands\":[\"" RAND "0\"]}", 0);
	expect_rands("{\"rands\":[\"" RAND "00\"]}", 0);
	expect_rands("{\"rands\":[\"00112233445566778899AABBCCDDEEFF\"]}", 0);
	expect_rands("{\"rands\":[7]}", 0);
	expect_rands("{\"rands\":{\"a\":\"" RAND "\"}}", 0);
	expect_rands("{\"rands\":\"" RAND "\"}", 0);
	expect_rands("[\"" RAND "\"]", 0);
	expect_rands("{\"rands\":[\"" RAND "\"],\"rands\":[\"" RAND "\"]}", 0);
	expect_rands("", 0);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"a key", test_right},       {"no key", test_wrong}, {"any octets", test_any_octets},
	    {"problems", test_problems}, {"rands", test_rands},
	};

	return run_suite("plugin: EMKS's answers", tests, COUNT(tests));
}
