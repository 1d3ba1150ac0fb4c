/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PERIOD_NS = 1000000, SAMPLES_MAX = 1 << 20 };

uint64_t probe_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The number at this place of a file of numbers; 0: it can't be read. */
static uint64_t number_at(const char *path, unsigned place)
{
	char text[256] = "", *at = text;
	uint64_t v = 0;
	FILE *f = fopen(path, "r");

	if (f == NULL)
		return 0;
	if (fgets(text, sizeof text, f) == NULL)
		text[0] = '\0';
	fclose(f);
	for (unsigned i = 0; i <= place; i++)
		v = strtoull(at, &at, 10);
	return v;
}

uint64_t probe_cpu_ns(pid_t pid)
{
	char path[320];
	const struct dirent *entry;
	uint64_t sum = 0;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/%d/task/%.16s/schedstat", (int)pid,
			 entry->d_name);
		sum += number_at(path, 0);
	}
	if (dir != NULL)
		closedir(dir);
	return sum;
}

static cpu_set_t all_cpus;

bool probe_pin(void)
{
	cpu_set_t one;
	size_t cpu = 0;

	if (sched_getaffinity(0, sizeof all_cpus, &all_cpus) != 0)
		return false;
	while (!CPU_ISSET(cpu, &all_cpus))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof one, &one) == 0 &&
	       sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0}) == 0;
}

void probe_unpin(void)
{
	(void)sched_setaffinity(0, sizeof all_cpus, &all_cpus);
	(void)sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){0});
}

double probe_age_s(pid_t pid)
{
	enum { START_TIME = 22, NAME = 2 };
	char path[64], text[1024] = "", *at;
	struct timespec now;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (f == NULL || fgets(text, sizeof text, f) == NULL)
		text[0] = '\0';
	if (f != NULL)
		fclose(f);
	at = strrchr(text, ')');
	for (int i = NAME; at != NULL && i < START_TIME; i++)
		at = strchr(at + 1, ' ');
	clock_gettime(CLOCK_BOOTTIME, &now);
	return at == NULL ? -1
			  : (double)now.tv_sec + (double)now.tv_nsec / 1e9 -
				(double)strtoull(at, NULL, 10) / (double)sysconf(_SC_CLK_TCK);
}

uint64_t probe_memory(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
	return number_at(path, 1) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool once(struct bystander *s)
{
	static const char payload[64];
	uint8_t msg[128];
	size_t len = link_publish(msg, "lobby/bystander", payload, sizeof payload, 0, 0);
	uint64_t sent = probe_now_ns();

	if (!link_write(&s->out, msg, len) || !link_take(&s->in, 1))
		return false;
	if (s->count < s->size)
		s->ns[s->count++] = (uint32_t)(probe_now_ns() - sent);
	return true;
}

static void *run(void *arg)
{
	const struct timespec pause = {.tv_nsec = PERIOD_NS};
	struct bystander *s = arg;

	while (!atomic_load(&s->stop) && !s->failed) {
		s->failed = !once(s);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

bool bystander_start(struct bystander *s, uint16_t port)
{
	memset(s, 0, sizeof *s);
	s->size = SAMPLES_MAX;
	s->ns = malloc(s->size * sizeof *s->ns);
	s->running = s->ns != NULL && link_open(&s->in, port, "bystander-in", NULL) &&
		     link_open(&s->out, port, "bystander-out", NULL) &&
		     link_subscribe(&s->in, "lobby/#", 0) &&
		     pthread_create(&s->thread, NULL, run, s) == 0;
	return s->running;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t quantile(const struct bystander *s, size_t percent)
{
	return s->ns[s->count * percent / 100];
}

bool bystander_stop(struct bystander *s, struct percentiles *out)
{
	memset(out, 0, sizeof *out);
	if (s->running) {
		atomic_store(&s->stop, true);
		pthread_join(s->thread, NULL);
	}
	if (s->count > 0) {
		qsort(s->ns, s->count, sizeof *s->ns, by_size);
		out->count = s->count;
		out->p50_us = (double)quantile(s, 50) / 1e3;
		out->p99_us = (double)quantile(s, 99) / 1e3;
	}
	link_close(&s->in);
	link_close(&s->out);
	free(s->ns);
	return s->running && !s->failed && out->count > 0;
}
