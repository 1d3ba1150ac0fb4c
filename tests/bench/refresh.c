/* SPDX-License-Identifier: Apache-2.0 */
/* All UEs expire at once, and each gets its next keyset; how others fare meanwhile. */
#include "bench.h"

#include <stdio.h>

static struct fleet fleet;

static bool expire_all(struct mqtt *admin)
{
	return admin_error_is(admin_command(admin, "{\"command\":\"expireKey\",\"all\":true}"),
			      NULL);
}

struct storm {
	double cpu_us, wall_us; /* a UE */
	struct percentiles others;
};

static bool storm(struct mqtt *admin, struct storm *out)
{
	struct bystander s;
	bool ok = bystander_start(&s, fleet.b.port) && expire_all(admin);
	uint64_t wall = probe_now_ns(), cpu = probe_cpu_ns(fleet.b.pid);

	ok = ok && fleet_refresh(&fleet, 0, fleet.count);
	out->cpu_us = (double)(probe_cpu_ns(fleet.b.pid) - cpu) / 1e3 / (double)fleet.count;
	out->wall_us = (double)(probe_now_ns() - wall) / 1e3 / (double)fleet.count;
	return bystander_stop(&s, &out->others) && ok;
}

static bool calm(struct percentiles *out)
{
	struct bystander s;
	bool ok = bystander_start(&s, fleet.b.port);

	harness_sleep_ms(500);
	return bystander_stop(&s, out) && ok;
}

static void run(struct mqtt *admin)
{
	struct pairs p50 = {0}, p99 = {0};
	struct storm s;
	struct percentiles idle;
	double cpu[REPORT_ROUNDS_MAX], best = 0;

	for (size_t i = 0; i < scale.rounds; i++) {
		REQUIRE(calm(&idle) && storm(admin, &s));
		p50.a[i] = idle.p50_us;
		p50.b[i] = s.others.p50_us;
		p99.a[i] = idle.p99_us;
		p99.b[i] = s.others.p99_us;
		p50.count = p99.count = i + 1;
		cpu[i] = s.cpu_us;
		best = best == 0 || s.wall_us < best ? s.wall_us : best;
	}
	report_group("All UEs expire: refused, RAND, confirmed");
	report_number("broker CPU a refresh", "us", pairs_median(cpu, scale.rounds), 0);
	report_number("refreshes a second of one core", "1/s",
		      1e6 / pairs_median(cpu, scale.rounds), -1000);
	report_number("refreshes a second, UEs on the same machine", "1/s", 1e6 / best, 0);
	report_pairs("another client's p50, idle and meanwhile", "us", &p50, 0);
	report_pairs("another client's p99, idle and meanwhile", "us", &p99, 0);
}

void case_refresh(void)
{
	struct mqtt admin = {.fd = -1};
	bool ok = fleet_start(&fleet,
			      &(struct fleet_options){
				  .plugin = true,
				  .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER "\n"}) &&
		  admin_open(&admin, &fleet.b, "admin", MQTT_5);

	EXPECT(ok);
	if (ok)
		run(&admin);
	mqtt_disconnect(&admin);
	fleet_stop(&fleet);
}
