/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many devices, a broker that dies, and an account of every message. One thread, one loop; time is
 * cut in lives of the broker, and lives in eras: an era ends with a kill, a clean restart goes on
 * in the same era, since nothing may come twice across it if there is a store.
 */
#ifndef EESE_TESTS_CRASH_H
#define EESE_TESTS_CRASH_H

#include "harness.h"

enum { UES_MAX = 1000, UE_NAME_MAX = 32 };

struct crash_options {
	unsigned kills, ues;
	uint64_t seed;
	unsigned minutes; /* 0: no bound beside kills */
	bool no_store;
	int disk; /* enum disk_kind */
};

extern struct crash_options options;

/* Where the run is. */
struct crash_run {
	unsigned life, era;
	bool broker_up; /* the application listens: devices may come */
	bool traffic;   /* new readings and commands are made */
	uint16_t broker_port;
};

extern struct crash_run run;

uint64_t now_ms(void);

/* The run's own random numbers, by --seed. */
uint64_t pick(uint64_t below);
static inline uint64_t pick_between(uint64_t low, uint64_t high)
{
	return low + pick(high - low + 1);
}

void ue_name(unsigned ue, char out[UE_NAME_MAX]);
/* false: no device's. */
bool ue_of_name(const char *name, size_t len, unsigned *ue);

/* A promise is broken. */
void broken(const char *format, ...) __attribute__((format(printf, 1, 2)));
unsigned broken_count(void);

#endif
