/* SPDX-License-Identifier: Apache-2.0 */
#include "bystander.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

bool bystander_open(struct bystander *b, const struct broker *broker, const char *prefix)
{
	b->healthy.count = b->troubled.count = 0;
	ue_take(&b->ue, prefix);
	return ue_connect(&b->ue, broker, MQTT_5, false) && ue_first_contact(&b->ue);
}

void bystander_trips(struct bystander *b, struct trips *into, size_t count)
{
	for (; count > 0; count--) {
		uint64_t begun = now_us();

		REQUIRE(ue_say(&b->ue, "t", "as ever", 1) < 0x80);
		if (into->count < BYSTANDER_TRIPS)
			into->us[into->count++] = (uint32_t)(now_us() - begun);
	}
}

static int by_length(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t at(struct trips *t, size_t percent)
{
	qsort(t->us, t->count, sizeof *t->us, by_length);
	return t->us[(t->count - 1) * percent / 100];
}

void bystander_close(struct bystander *b, uint32_t most_ms)
{
	mqtt_disconnect(&b->ue.link);
	REQUIRE(b->healthy.count > 0 && b->troubled.count > 0);
	printf("\n  bystander, median/99%%/longest in us: %u/%u/%u in %zu trips; else %u/%u/%u in "
	       "%zu\n",
	       at(&b->troubled, 50), at(&b->troubled, 99), at(&b->troubled, 100), b->troubled.count,
	       at(&b->healthy, 50), at(&b->healthy, 99), at(&b->healthy, 100), b->healthy.count);
	EXPECT(at(&b->troubled, 50) <= 3 * at(&b->healthy, 50) + 1000);
	EXPECT(at(&b->troubled, 100) < most_ms * 1000);
}
