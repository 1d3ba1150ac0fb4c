/* SPDX-License-Identifier: Apache-2.0 */
/* Very many UEs: memory, start, and the expiry of all of them. */
#include "crowd.h"

#include <stdio.h>

static struct broker broker;
static struct crowd crowd;

static const char lines[] = "plugin_opt_admins " TEST_ADMIN_USER "\n";

/* From its start until a client is connected. */
struct start {
	double wall_s, cpu_s;
};

static bool timed_start(const struct broker_options *o, bool again, struct start *out)
{
	bool ok = (again ? broker_again(&broker, o) : broker_start(&broker, o)) &&
		  crowd_open(&crowd, broker.port);

	out->wall_s = probe_age_s(broker.pid);
	out->cpu_s = (double)probe_cpu_ns(broker.pid) / 1e9;
	return ok;
}

/* A client too: Mosquitto 2.0 loses a SIGTERM that comes before its loop runs. */
static double empty_memory(void)
{
	const struct ue_range one[] = {{.prefix = "ue", .count = 1}, {0}};
	const struct broker_options o = {.ues = one, .plugin_lines = lines};
	struct broker b;
	double octets = -1;

	if (broker_start(&b, &o) && crowd_open(&crowd, b.port))
		octets = (double)probe_memory(b.pid);
	crowd_close(&crowd);
	broker_stop(&b);
	return octets;
}

static double expire_ms(struct mqtt *admin)
{
	uint64_t from = probe_now_ns();

	EXPECT(
	    admin_error_is(admin_command(admin, "{\"command\":\"expireKey\",\"all\":true}"), NULL));
	return (double)(probe_now_ns() - from) / 1e6;
}

static void expire_with_bystander(void)
{
	struct mqtt admin;
	struct bystander s;
	struct percentiles p;
	double ms;

	REQUIRE(admin_open(&admin, &broker, "admin", MQTT_5));
	REQUIRE(bystander_start(&s, broker.port));
	harness_sleep_ms(300);
	ms = expire_ms(&admin);
	harness_sleep_ms(2000);
	EXPECT(bystander_stop(&s, &p));
	mqtt_disconnect(&admin);
	report_number("expireKey all, until its answer", "ms", ms, 1000);
	report_number("another client's p99 during it and the sweep", "us", p.p99_us, 0);
}

static bool first_contacts(void)
{
	static struct test_ue ues[WINDOW];
	char id[EESE_UE_ID_MAX + 1];
	bool ok = true;

	for (size_t at = 0; at < scale.million && ok; at += WINDOW) {
		size_t count = at + WINDOW < scale.million ? WINDOW : scale.million - at;

		for (size_t i = 0; i < count; i++) {
			snprintf(id, sizeof id, "ue-%zu", at + i);
			ue_named(&ues[i], id);
		}
		ok = crowd_refresh(&crowd, ues, count, 0);
	}
	return ok;
}

static void fill(double empty)
{
	double n = (double)scale.million, start = (double)probe_memory(broker.pid), held;
	uint64_t from = probe_now_ns(), cpu = probe_cpu_ns(broker.pid);

	REQUIRE(first_contacts());
	held = (double)probe_memory(broker.pid);
	report_number("memory a UE, key in hand", "octets", (start - empty) / n, 800);
	report_number("memory a UE, holding a keyset", "octets", (held - empty) / n, 1200);
	report_number("broker CPU a first contact", "us",
		      (double)(probe_cpu_ns(broker.pid) - cpu) / 1e3 / n, 0);
	report_number("first contacts a second, both ends on this machine", "1/s",
		      n / ((double)(probe_now_ns() - from) / 1e9), 0);
	expire_with_bystander();
}

void case_million(void)
{
	const struct ue_range ues[] = {{.prefix = "ue", .count = (int)scale.million}, {0}};
	const struct broker_options o = {.ues = ues, .plugin_lines = lines};
	double empty = empty_memory();
	struct start first, again;

	REQUIRE(empty > 0 && timed_start(&o, false, &first));
	report_group("Very many UEs");
	report_number("UEs", "", (double)scale.million, 0);
	report_number("first start, key file into a new store", "s", first.wall_s, 60);
	report_number("CPU of that first start", "s", first.cpu_s, 0);
	fill(empty);
	crowd_close(&crowd);
	broker_end(&broker);
	EXPECT(timed_start(&o, true, &again));
	report_number("start with the store and the same key file", "s", again.wall_s, 60);
	report_number("CPU of that start", "s", again.cpu_s, 0);
	crowd_close(&crowd);
	broker_stop(&broker);
}
