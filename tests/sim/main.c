/* SPDX-License-Identifier: Apache-2.0 */
/* Runs schedules in one process a core and prints the seed of the first that breaks a promise. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "world.h"

static const char usage[] =
    "Usage: sim [--schedules N] [--from SEED] [--seed SEED]\n"
    "\n"
    "The endpoint against the device library over a simulated link, one schedule a seed:\n"
    "nothing lost, nothing twice within one life of the EESE, never stuck, no nonce twice.\n"
    "\n"
    "  --schedules N  how many (default 2000)\n"
    "  --from SEED    the first seed (default: from the time)\n"
    "  --seed SEED    this one only, with everything that happens in it\n";

static bool run_range(uint64_t first, uint64_t count, uint64_t step)
{
	struct world *w = malloc(sizeof *w);
	bool good = w != NULL && eese_init() == EESE_OK;
	unsigned failures = 0;
	uint64_t published = 0, given_back = 0;
	for (uint64_t i = 0; good && i < count && failures < 5; i += step) {
		if (!world_run(w, first + i, false)) {
			printf("seed %" PRIu64 ": %s (%zu)\n", first + i, w->failure,
			       w->failure_index);
			failures++;
		}
		published += w->up_count;
		given_back += w->given_back;
	}
	printf("%" PRIu64 " messages published, %" PRIu64 " given back\n", published, given_back);
	free(w);
	if (given_back > published / 5000 + 3) {
		printf("too many were given back\n");
		return false;
	}
	return good && failures == 0;
}

static int run_all(uint64_t first, uint64_t count)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int bad = 0, status;
	cores = cores < 1 ? 1 : cores > 16 ? 16 : cores;
	for (long c = 0; c < cores; c++) {
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			bool good =
			    run_range(first + (uint64_t)c, count - (uint64_t)c, (uint64_t)cores);
			fflush(stdout);
			_exit(good ? 0 : 1);
		}
		if (pid < 0) {
			bad++;
		}
	}
	while (wait(&status) > 0) {
		bad += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
	}
	return bad;
}

/* With a trace of everything that happens. */
static bool run_one(uint64_t seed)
{
	struct world *w = calloc(1, sizeof *w);
	if (w == NULL || eese_init() != EESE_OK) {
		free(w);
		return false;
	}
	bool good = world_run(w, seed, true);
	if (!good) {
		printf("%s (%zu)\n", w->failure, w->failure_index);
	}
	free(w);
	return good;
}

int main(int argc, char **argv)
{
	uint64_t count = 2000, first = (uint64_t)time(NULL) * 1000000;
	for (int i = 1; i < argc; i += 2) {
		uint64_t value = i + 1 < argc ? strtoull(argv[i + 1], NULL, 10) : 0;
		if (i + 1 < argc && strcmp(argv[i], "--schedules") == 0) {
			count = value;
		} else if (i + 1 < argc && strcmp(argv[i], "--from") == 0) {
			first = value;
		} else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0) {
			return run_one(value) ? 0 : 1;
		} else {
			fputs(usage, strcmp(argv[i], "--help") == 0 ? stdout : stderr);
			return strcmp(argv[i], "--help") == 0 ? 0 : 2;
		}
	}
	printf("seeds %" PRIu64 " to %" PRIu64 "\n", first, first + count - 1);
	int bad = run_all(first, count);
	printf(bad == 0 ? "every promise kept\n" : "broken: run sim --seed SEED to see it\n");
	return bad == 0 ? 0 : 1;
}
