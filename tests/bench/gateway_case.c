/* SPDX-License-Identifier: Apache-2.0 */
/* A device that speaks CoAP: the broker's and the gateway's CPU a message. */
#include "bench.h"
#include "gateway.h"

#include <stdio.h>

enum { UES = 50 };

struct coap_fleet {
	struct broker b;
	struct gateway g;
	struct coap c;
	struct test_ue ues[UES];
	struct link app;
};

static bool start(struct coap_fleet *f)
{
	const struct ue_range range[] = {{.prefix = "ue", .count = UES}, {0}};
	const struct broker_options o = {.ues = range};
	static const char *const unlimited[] = {"--rate-ue", "0", "--rate-address", "0", NULL};
	bool ok = broker_start(&f->b, &o) && gateway_start(&f->g, f->b.port, unlimited) &&
		  coap_open(&f->c, f->g.port, false);

	for (size_t i = 0; ok && i < UES; i++) {
		ue_take(&f->ues[i], "ue");
		ok = coap_first_contact(&f->c, &f->ues[i]);
	}
	return ok && link_open(&f->app, f->b.port, TEST_APP_USER, NULL) &&
	       link_subscribe(&f->app, "app/+/up/#", 1);
}

struct cost {
	double broker_us, gateway_us;
};

static bool measure(struct coap_fleet *f, size_t messages, struct cost *out)
{
	uint64_t broker = probe_cpu_ns(f->b.pid), gateway = probe_cpu_ns(f->g.pid);

	for (size_t i = 0; i < messages; i++)
		if (coap_say(&f->c, &f->ues[i % UES], "t",
			     "0123456789012345678901234567890123456789012345678901234567890123",
			     NULL) != COAP_CODE(204) ||
		    !link_take(&f->app, 1))
			return false;
	out->broker_us = (double)(probe_cpu_ns(f->b.pid) - broker) / 1e3 / (double)messages;
	out->gateway_us = (double)(probe_cpu_ns(f->g.pid) - gateway) / 1e3 / (double)messages;
	return true;
}

static void run(struct coap_fleet *f)
{
	double broker[REPORT_ROUNDS_MAX], gateway[REPORT_ROUNDS_MAX];
	struct cost c;

	for (size_t i = 0; i < scale.rounds; i++) {
		REQUIRE(measure(f, scale.messages / 20, &c));
		broker[i] = c.broker_us;
		gateway[i] = c.gateway_us;
	}
	report_group("Uplink by CoAP (CON), one message at a time");
	report_number("the broker's CPU a message", "us", pairs_median(broker, scale.rounds), 0);
	report_number("the gateway's CPU a message", "us", pairs_median(gateway, scale.rounds), 0);
	report_number("the gateway's memory", "MiB", (double)gateway_memory(&f->g) / 1024, 0);
}

void case_gateway(void)
{
	static struct coap_fleet f;
	bool ok = start(&f);

	EXPECT(ok);
	if (ok)
		run(&f);
	link_close(&f.app);
	coap_close(&f.c);
	gateway_stop(&f.g);
	broker_stop(&f.b);
}
