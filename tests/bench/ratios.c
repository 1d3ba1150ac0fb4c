/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's CPU for a message, with the plugin and without, in turns. */
#include "bench.h"
#include "pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum way { UPLINK, DOWNLINK, OTHER };

struct traffic {
	const char *name;
	enum way way;
	uint8_t qos;
	bool tls;
	double bar; /* of a quick run on a busy machine: the budgets are in docs/performance.md */
};

static const struct traffic all[] = {
    {"plugin loaded, other topics, QoS 0", OTHER, 0, false, 1.6},
    {"uplink, QoS 0", UPLINK, 0, false, 2},
    {"uplink, QoS 1", UPLINK, 1, false, 2},
    {"uplink, QoS 2", UPLINK, 2, false, 2.5},
    {"downlink, QoS 0", DOWNLINK, 0, false, 3},
    {"downlink, QoS 1", DOWNLINK, 1, false, 3},
    {"TLS in place of the plugin, uplink, QoS 0", UPLINK, 0, true, 0},
    {"TLS in place of the plugin, uplink, QoS 1", UPLINK, 1, true, 0},
};

static struct fleet plain, plugged, with_tls;

/* Packets of a round, one behind the other. */
struct load {
	uint8_t *octets;
	uint32_t *ends;
	size_t count;
};

static size_t make_packet(struct fleet *f, const struct traffic *t, size_t i, uint8_t *out)
{
	static const char plain_payload[PAYLOAD + 1] =
	    "{\"temperature\":21.5,\"humidity\":48.0,\"battery\":3.01,\"seq\":1000001}";
	struct test_ue *u = &f->keys[i % f->count];
	const char *side = t->way == UPLINK  ? (f->plugin ? "e2e" : "app")
			   : t->way == OTHER ? "other"
					     : (f->plugin ? "app" : "e2e");
	struct octets msg = {.len = PAYLOAD};
	char topic[128];

	snprintf(topic, sizeof topic, "%s/%s/%s", side, u->id,
		 t->way == DOWNLINK ? "down/t" : "up/t");
	if (t->way == UPLINK && f->plugin)
		ue_seal(u, "t", plain_payload, &msg);
	else
		memcpy(msg.p, plain_payload, PAYLOAD);
	return link_publish(out, topic, msg.p, msg.len, t->qos, (uint16_t)(i % 60000 + 1));
}

static bool make_load(struct fleet *f, const struct traffic *t, struct load *l)
{
	size_t at = 0;

	l->count = scale.messages;
	l->octets = malloc(l->count * 256);
	l->ends = calloc(l->count, sizeof *l->ends);
	if (l->octets == NULL || l->ends == NULL)
		return false;
	for (size_t i = 0; i < l->count; i++) {
		at += make_packet(f, t, i, l->octets + at);
		l->ends[i] = (uint32_t)at;
	}
	return true;
}

static bool send_window(struct fleet *f, const struct traffic *t, const struct load *l, size_t at)
{
	for (size_t i = at; i < at + WINDOW; i++) {
		size_t from = i == 0 ? 0 : l->ends[i - 1];

		if (!link_write(t->way == DOWNLINK ? &f->app : &f->ues[i % f->count],
				l->octets + from, l->ends[i] - from))
			return false;
	}
	return true;
}

static bool finish_window(struct fleet *f, const struct traffic *t, size_t at)
{
	for (size_t i = at; i < at + WINDOW; i++) {
		struct link *ue = &f->ues[i % f->count];

		if (!link_settle(t->way == DOWNLINK ? &f->app : ue, t->qos) ||
		    (t->way == DOWNLINK && !link_take(ue, 1)))
			return false;
	}
	return t->way == DOWNLINK || link_take(&f->app, WINDOW);
}

static bool one_window(struct fleet *f, const struct traffic *t, const struct load *l, size_t at)
{
	return send_window(f, t, l, at) && finish_window(f, t, at);
}

/*
 * A round: microseconds of each broker a message. They take turns with every window, so that what
 * else the machine does meanwhile meets both.
 */
static bool measure(struct fleet *const f[2], const struct traffic *t, double us[2])
{
	struct load l[2] = {0};
	uint64_t before[2];
	bool ok = make_load(f[0], t, &l[0]) && make_load(f[1], t, &l[1]);

	for (int i = 0; i < 2; i++)
		before[i] = probe_cpu_ns(f[i]->b.pid);
	for (size_t at = 0; ok && at < scale.messages; at += WINDOW)
		ok = one_window(f[0], t, &l[0], at) && one_window(f[1], t, &l[1], at);
	for (int i = 0; i < 2; i++) {
		us[i] =
		    (double)(probe_cpu_ns(f[i]->b.pid) - before[i]) / 1e3 / (double)scale.messages;
		free(l[i].octets);
		free(l[i].ends);
	}
	return ok;
}

static void run(const struct traffic *t)
{
	struct fleet *const both[2] = {&plain, t->tls ? &with_tls : &plugged};
	struct pairs p = {0};
	double us[2];

	/* the first round warms up */
	for (size_t i = 0; i <= scale.rounds; i++) {
		REQUIRE(measure(both, t, us));
		if (i > 0) {
			p.a[p.count] = us[0];
			p.b[p.count++] = us[1];
		}
	}
	report_pairs(t->name, "us/message", &p, t->bar);
}

static bool start_tls(const struct pki *pki, gnutls_certificate_credentials_t *ca)
{
	uint16_t port = broker_free_port();
	char lines[512];
	const struct fleet_options o = {.conf_lines = lines, .port = port, .ca = *ca};

	snprintf(lines, sizeof lines, "listener %u 127.0.0.1\ncertfile %s\nkeyfile %s\n", port,
		 pki_path(pki, "server.pem"), pki_path(pki, "server-key.pem"));
	return gnutls_certificate_set_x509_trust_file(*ca, pki_path(pki, "ca.pem"),
						      GNUTLS_X509_FMT_PEM) > 0 &&
	       fleet_start(&with_tls, &o);
}

void case_ratios(void)
{
	gnutls_certificate_credentials_t ca;
	struct pki pki;
	bool pinned = probe_pin(),
	     ok = pki_make(&pki) && gnutls_certificate_allocate_credentials(&ca) == 0;

	REQUIRE(ok && pinned);
	ok = fleet_start(&plain, &(struct fleet_options){0}) &&
	     fleet_start(&plugged, &(struct fleet_options){.plugin = true}) && start_tls(&pki, &ca);
	EXPECT(ok);
	report_group("Broker CPU a message, 64 octets, against no plugin");
	for (size_t i = 0; ok && i < sizeof all / sizeof *all; i++)
		run(&all[i]);
	fleet_stop(&with_tls);
	fleet_stop(&plugged);
	fleet_stop(&plain);
	gnutls_certificate_free_credentials(ca);
	pki_drop(&pki);
	probe_unpin();
}
