/* SPDX-License-Identifier: Apache-2.0 */
#include "first_key.h"

#include "device.h"
#include "host/say.h"
#include "stop.h"

/* GO_ON: not ended yet, or with a key. */
static int code_of(enum run_end end)
{
	switch (end) {
	case RUN_REFUSED:
		return EXIT_AKA;
	case RUN_FILES:
		return EXIT_FILES;
	default:
		return GO_ON;
	}
}

static int give_up(struct renewal *r, enum run_end last)
{
	const enum run_end cut = renewal_cut_short(r);

	if (cut == RUN_UNCERTAIN || cut == RUN_FILES)
		return code_of(cut);
	say_error("no key from AKA server %s port %u: %s", r->host, (unsigned)r->config.port,
		  stop_asked() ? "stopped"
		  : r->why     ? r->why
			       : "no answer");
	return last == RUN_UNTRUSTED || last == RUN_REFUSED ? EXIT_AKA : EXIT_CONNECTION;
}

static void turn(struct renewal *r, uint64_t until, enum run_end *end)
{
	struct pollfd p[2] = {{.fd = stop_descriptor(), .events = POLLIN}};
	const uint64_t now = device_now(), due = renewal_prepare(r, &p[1], now);

	(void)poll(p, 2, device_poll_time(now, due < until ? due : until));
	*end = renewal_done(r, device_now());
}

int first_key(struct renewal *r, uint64_t patience)
{
	const uint64_t started = device_now();
	const uint64_t until = patience > 0 ? started + patience : UINT64_MAX;
	enum run_end end, last = RUN_GOES_ON;
	const char *told = NULL;

	renewal_want(r, RENEWAL_ASKED, started);
	while (!stop_asked() && device_now() < until) {
		turn(r, until, &end);
		if (end == RUN_KEY || end == RUN_UNCERTAIN || end == RUN_FILES)
			return code_of(end);
		if (end != RUN_GOES_ON)
			last = end;
		if (end == RUN_REFUSED)
			break;
		/* Said when it is news, as the user is waiting. */
		if (end != RUN_GOES_ON && r->why != told)
			say_error("AKA server %s: %s; trying again", r->host, r->why);
		told = r->why;
	}
	return give_up(r, last);
}
