/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: signals, the CoAP side, the broker's side, and what is due by time. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "eese/keys.h"
#include "gateway.h"
#include "host/say.h"
#include "keep.h"
#include "live.h"
#include "observe.h"
#include "poll.h"
#include "queue.h"
#include "server.h"
#include "uplink.h"

enum {
	EXCHANGES = 100000,
	EXCHANGE_OCTETS = 8 << 20,
	ADDRESS_BUCKETS = 1 << 16,
	DRAIN_MS = 5000,
	TURN_MAX = 3600000,
};

uint64_t gateway_now(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void on_forgotten(void *ctx, struct ue *ue)
{
	live_deafen(ctx, ue);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool make_tables(struct gateway *g)
{
	const struct options *o = g->options;

	g->ues.count_max = (size_t)o->max_ues;
	g->ues.forgotten = on_forgotten;
	g->ues.ctx = g;
	g->exchanges = exchanges_new(EXCHANGES, EXCHANGE_OCTETS);
	g->bodies = bodies_new((size_t)o->max_bodies, (size_t)o->max_payload);
	g->limits =
	    limits_new(ADDRESS_BUCKETS, (uint32_t)o->rate_address, (uint32_t)o->burst_address);
	return g->exchanges != NULL && g->bodies != NULL && g->limits != NULL;
}

static int start(struct gateway *g)
{
	int code;

	if (eese_init() != EESE_OK || !hash_seed() || !client_seed() || !make_tables(g)) {
		say_error("starting: out of memory, or no random numbers");
		return EXIT_RUN;
	}
	code = server_open(g);
	if (code != GO_ON)
		return code;
	if (!queues_open(g))
		return EXIT_FILES;
	if (!live_open(g) || !keep_open(g)) {
		say_error("starting: out of memory");
		return EXIT_RUN;
	}
	sd_notify(0, "READY=1");
	return GO_ON;
}

static void stop(struct gateway *g)
{
	char text[2048];

	stats_last(g);
	broker_close(&g->live);
	broker_close(&g->keep);
	queues_close(g);
	ues_clear(&g->ues);
	server_close(g);
	exchanges_free(g->exchanges);
	bodies_free(g->bodies);
	limits_free(g->limits);
	counters_text(&g->counters, text, sizeof(text));
	say_event("counted: %s", text);
}

static int until_ms(uint64_t now, uint64_t until)
{
	if (until <= now)
		return 0;
	return until - now > TURN_MAX ? TURN_MAX : (int)(until - now);
}

/* One turn; the CoAP side first, so that what it gives the broker goes out in the same one. */
static void turn(struct gateway *g, struct pollfd p[4], uint64_t until)
{
	uint64_t now = gateway_now();
	const uint64_t due[] = {uplink_poll(g, now),
				poll_due(g, now),
				observe_poll(g, now),
				queues_poll(g, now),
				stats_poll(g, now),
				broker_prepare(&g->live, &p[2], now),
				broker_prepare(&g->keep, &p[3], now)};

	for (size_t i = 0; i < sizeof(due) / sizeof(*due); i++)
		if (due[i] < until)
			until = due[i];
	if (poll(p, 4, until_ms(now, until)) < 0)
		p[0].revents = p[1].revents = p[2].revents = p[3].revents = 0;
	if (p[1].revents != 0)
		server_done(g);
	broker_done(&g->live, &p[2], gateway_now());
	broker_done(&g->keep, &p[3], gateway_now());
	queues_settle(g);
}

static bool drained(const struct gateway *g, uint64_t end)
{
	return g->uplinks.count == 0 || gateway_now() >= end;
}

static void run(struct gateway *g, int signals)
{
	struct pollfd p[4] = {{.fd = signals, .events = POLLIN},
			      {.fd = server_descriptor(g), .events = POLLIN}};
	uint64_t end = UINT64_MAX;

	server_done(g);
	while (!g->draining || !drained(g, end)) {
		struct signalfd_siginfo info;

		turn(g, p, end);
		if (p[0].revents == 0 || read(signals, &info, sizeof(info)) < 0)
			continue;
		/* A second one: at once. */
		end = g->draining ? 0 : gateway_now() + DRAIN_MS;
		g->draining = true;
		sd_notify(0, "STOPPING=1");
	}
}

int main(int argc, char *argv[])
{
	static struct gateway g;
	static struct options o;
	int code = options_parse(&o, argc, argv), signals;

	g.options = &o;
	/* The spool tells who gets messages, and on which topics. */
	umask(S_IRWXG | S_IRWXO);
	if (code == GO_ON) {
		mosquitto_lib_init();
		signals = open_signals();
		code = signals >= 0 ? start(&g) : EXIT_RUN;
		if (code == GO_ON) {
			run(&g, signals);
			code = EXIT_DONE;
		}
		stop(&g);
		mosquitto_lib_cleanup();
	}
	options_free(&o);
	return code;
}
