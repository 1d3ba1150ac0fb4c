/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <CUnit/Basic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* What a loop is at, for notes. */
static char current_case[64];

void harness_note(const char *file, int line, const char *what)
{
	printf("\n  %s:%d: not so%s: %s\n", file, line, current_case, what);
}

void harness_note_equal(const char *file, int line, const char *a, long long va, const char *b,
			long long vb)
{
	printf("\n  %s:%d:%s %s is %lld, not %s (%lld)\n", file, line, current_case, a, va, b, vb);
}

static const char *version_name(enum mqtt_version version)
{
	return version == MQTT_3_1 ? "3.1" : version == MQTT_3_1_1 ? "3.1.1" : "5";
}

void harness_each(void (*body)(enum mqtt_version version, uint8_t qos))
{
	for (enum mqtt_version v = MQTT_3_1; v <= MQTT_5; v++) {
		for (uint8_t qos = 0; qos <= 2; qos++) {
			snprintf(current_case, sizeof current_case, " (MQTT %s, QoS %d)",
				 version_name(v), qos);
			body(v, qos);
		}
	}
	current_case[0] = '\0';
}

void harness_each_version(void (*body)(enum mqtt_version version))
{
	for (enum mqtt_version v = MQTT_3_1; v <= MQTT_5; v++) {
		snprintf(current_case, sizeof current_case, " (MQTT %s)", version_name(v));
		body(v);
	}
	current_case[0] = '\0';
}

void harness_sleep_ms(int ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	while (nanosleep(&t, &t) != 0)
		continue;
}

int harness_main(const char *suite, const struct harness_test *tests, size_t count)
{
	CU_pSuite s;
	unsigned failures;

	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (eese_init() != EESE_OK || CU_initialize_registry() != CUE_SUCCESS)
		return EXIT_FAILURE;
	s = CU_add_suite(suite, NULL, NULL);
	for (size_t i = 0; s != NULL && i < count; i++)
		if (CU_add_test(s, tests[i].name, tests[i].run) == NULL)
			s = NULL;
	if (s == NULL)
		return EXIT_FAILURE;
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
