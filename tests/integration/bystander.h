/* SPDX-License-Identifier: Apache-2.0 */
/* A UE that has all it needs, while others have trouble: how long the broker takes to serve it. */
#ifndef EESE_TESTS_BYSTANDER_H
#define EESE_TESTS_BYSTANDER_H

#include "harness.h"

enum { BYSTANDER_TRIPS = 20000 };

/* Times of round trips in microseconds; beyond BYSTANDER_TRIPS none is kept. */
struct trips {
	uint32_t us[BYSTANDER_TRIPS];
	size_t count;
};

struct bystander {
	struct test_ue ue;
	struct trips healthy, troubled;
};

/* Takes the next UE of this prefix, which must be in the key file, through its first contact. */
bool bystander_open(struct bystander *b, const struct broker *broker, const char *prefix);

/* Publishes count messages, each when the one before was acknowledged. */
void bystander_trips(struct bystander *b, struct trips *into, size_t count);

/*
 * What it was served with in times of trouble, against the others: the median at most thrice as
 * long and a millisecond, and no trip as long as most_ms, which is less than what whoever blocks
 * the broker would wait for.
 */
void bystander_close(struct bystander *b, uint32_t most_ms);

#endif
