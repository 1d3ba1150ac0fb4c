/* SPDX-License-Identifier: Apache-2.0 */
/* What a process took, by the kernel's accounting, and how long others wait meanwhile. */
#ifndef EESE_BENCH_PROBE_H
#define EESE_BENCH_PROBE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "link.h"

uint64_t probe_now_ns(void);
/* Nanoseconds on a CPU of all its threads so far. */
uint64_t probe_cpu_ns(pid_t pid);
/* Seconds since it was started, to a hundredth. */
double probe_age_s(pid_t pid);
/* Puts this thread, and what it starts, on one CPU, where none of them interrupts another: how
 * often a broker sleeps and is woken depends else on who is faster at the moment, and costs more
 * than what is to be measured. */
bool probe_pin(void);
/* Back to where it was before. */
void probe_unpin(void);
/* Octets resident. */
uint64_t probe_memory(pid_t pid);

/* A client that has nothing to do with the plugin: a message a millisecond to itself. */
struct bystander {
	struct link in, out;
	pthread_t thread;
	atomic_bool stop;
	bool running, failed;
	uint32_t *ns;
	size_t count, size;
};

struct percentiles {
	double p50_us, p99_us;
	size_t count;
};

bool bystander_start(struct bystander *s, uint16_t port);
/* What it saw since it was started. */
bool bystander_stop(struct bystander *s, struct percentiles *out);

#endif
