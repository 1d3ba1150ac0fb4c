/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests of core/ share. */
#ifndef EESE_TESTS_CORE_SUPPORT_H
#define EESE_TESTS_CORE_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct unit_test {
	const char *name;
	void (*run)(void);
};

/* Calls eese_init() and runs the tests; what main() returns. */
int run_suite(const char *name, const struct unit_test *tests, size_t count);

/* Octets on the heap, exactly as many as needed, so that a sanitizer sees a step beyond. */
struct octets {
	uint8_t *p;
	size_t len;
};

struct octets octets_new(size_t len);

/* Ends the program if hex is none. */
struct octets octets_of(const char *hex);

void octets_free(struct octets *o);

/* Whether the len octets at p are what hex says. */
bool is_hex(const void *p, size_t len, const char *hex);

bool is_zero(const void *p, size_t len);

/* A reproducible random source; random_seed() prints the seed, EESE_TEST_SEED sets it. */
void random_seed(void);
uint64_t random_next(void);

#endif
