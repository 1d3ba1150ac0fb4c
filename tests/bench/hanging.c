/* SPDX-License-Identifier: Apache-2.0 */
/* Other clients while the key server hangs, against one that answers at once. */
#include "bench.h"
#include "hostile_emks.h"

#include <stdio.h>
#include <string.h>

enum { STRANGERS = 64, PHASE_MS = 700 };

static struct broker broker;
static struct hostile *emks;
static struct link gateway;

/* Devices that the EESE has no key of, and asks for. */
static bool strangers_call(size_t phase)
{
	char topic[64];
	uint8_t packet[128];

	for (unsigned i = 0; i < STRANGERS; i++) {
		snprintf(topic, sizeof topic, "e2e/stranger-%zu-%u/up/t", phase, i);
		if (!link_write(&gateway, packet,
				link_publish(packet, topic,
					     "\1\0"
					     "0123456789abcdef",
					     18, 0, 0)))
			return false;
	}
	return true;
}

static bool phase(size_t number, enum hostile_way way, struct percentiles *out)
{
	struct bystander s;
	bool ok;

	hostile_be(emks, way);
	ok = bystander_start(&s, broker.port) && strangers_call(number);
	harness_sleep_ms(PHASE_MS);
	return bystander_stop(&s, out) && ok;
}

static void run(void)
{
	struct pairs p50 = {0}, p99 = {0};
	struct percentiles well, hung;

	for (size_t i = 0; i <= scale.rounds; i++) {
		REQUIRE(phase(2 * i, HOSTILE_UNKNOWN, &well));
		REQUIRE(phase(2 * i + 1, HOSTILE_MUTE, &hung));
		if (i == 0)
			continue;
		p50.a[p50.count] = well.p50_us;
		p50.b[p50.count++] = hung.p50_us;
		p99.a[p99.count] = well.p99_us;
		p99.b[p99.count++] = hung.p99_us;
	}
	report_group("Another client: key server answers, and hangs");
	report_pairs("p50", "us", &p50, 5);
	report_pairs("p99", "us", &p99, 20);
	EXPECT(hostile_look(emks).retrieves > 0);
}

void case_hanging(void)
{
	struct pki pki;
	struct hostile_config config = {.pki = &pki};
	char lines[768];
	bool ok;

	REQUIRE(pki_make(&pki));
	emks = hostile_start(&config);
	REQUIRE(emks != NULL);
	snprintf(lines, sizeof lines,
		 "plugin_opt_emks_url https://127.0.0.1:%u\nplugin_opt_emks_cert %s\n"
		 "plugin_opt_emks_key %s\nplugin_opt_emks_ca %s\n",
		 hostile_port(emks), pki_path(&pki, "client.pem"), pki_path(&pki, "client-key.pem"),
		 pki_path(&pki, "ca.pem"));
	ok = broker_start(&broker, &(struct broker_options){.plugin_lines = lines}) &&
	     link_open(&gateway, broker.port, TEST_GATEWAY_USER, NULL);
	EXPECT(ok);
	if (ok)
		run();
	link_close(&gateway);
	broker_stop(&broker);
	hostile_stop(emks);
	pki_drop(&pki);
}
