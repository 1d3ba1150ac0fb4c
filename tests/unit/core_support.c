/* SPDX-License-Identifier: Apache-2.0 */
#include "core_support.h"

#include <CUnit/Basic.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "eese/keys.h"

int run_suite(const char *name, const struct unit_test *tests, size_t count)
{
	CU_pSuite suite;
	unsigned failures;

	if (eese_init() != EESE_OK || CU_initialize_registry() != CUE_SUCCESS)
		return EXIT_FAILURE;
	suite = CU_add_suite(name, NULL, NULL);
	for (size_t i = 0; suite && i < count; i++)
		if (!CU_add_test(suite, tests[i].name, tests[i].run))
			suite = NULL;
	if (!suite)
		return EXIT_FAILURE;
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failures = CU_get_number_of_tests_failed();
	CU_cleanup_registry();
	return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static _Noreturn void give_up(const char *why)
{
	(void)fprintf(stderr, "test support: %s\n", why);
	exit(EXIT_FAILURE);
}

struct octets octets_new(size_t len)
{
	struct octets o = {malloc(len ? len : 1), len};

	if (!o.p)
		give_up("out of memory");
	return o;
}

static unsigned digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	if (!at)
		give_up("not hexadecimal");
	return (unsigned)(at - digits);
}

struct octets octets_of(const char *hex)
{
	struct octets o = octets_new(strlen(hex) / 2);

	if (strlen(hex) % 2 != 0)
		give_up("half an octet");
	for (size_t i = 0; i < o.len; i++)
		o.p[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
	return o;
}

void octets_free(struct octets *o)
{
	free(o->p);
	*o = (struct octets){NULL, 0};
}

bool is_hex(const void *p, size_t len, const char *hex)
{
	struct octets o = octets_of(hex);
	const bool same = o.len == len && (len == 0 || memcmp(o.p, p, len) == 0);

	octets_free(&o);
	return same;
}

bool is_zero(const void *p, size_t len)
{
	const uint8_t *octet = p;

	for (size_t i = 0; i < len; i++)
		if (octet[i] != 0)
			return false;
	return true;
}

static uint64_t state;

void random_seed(void)
{
	const char *given = getenv("EESE_TEST_SEED");

	state = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	printf(" EESE_TEST_SEED=%" PRIu64 " ", state);
}

/* splitmix64 */
uint64_t random_next(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}
