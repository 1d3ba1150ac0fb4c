/* SPDX-License-Identifier: Apache-2.0 */
/* Many messages and refreshes: the broker's memory stays as it is. */
#include "crowd.h"

#include <stdio.h>

enum { PARTS = 10, UES = 2000 };

static struct broker broker;
static struct crowd crowd;

static struct test_ue ues[UES];

/* UEs come and go: in each turn the other half of them is at work, on a new connection. */
static bool part(size_t turn, size_t refreshes, size_t more)
{
	bool ok = true;

	for (size_t done = 0; done < refreshes && ok; done += UES / 2) {
		ok = crowd_open(&crowd, broker.port) &&
		     crowd_refresh(&crowd, ues + turn++ % 2 * (UES / 2), UES / 2, more);
		crowd_close(&crowd);
	}
	return ok;
}

static void run(void)
{
	size_t refreshes = scale.long_refreshes / PARTS / (UES / 2) * (UES / 2);
	size_t more = scale.long_messages / scale.long_refreshes;
	double half = 0, last = 0;
	char id[EESE_UE_ID_MAX + 1];

	for (size_t i = 0; i < UES; i++) {
		snprintf(id, sizeof id, "ue-%zu", i);
		ue_named(&ues[i], id);
	}
	report_group("A long run");
	for (size_t i = 0; i < PARTS; i++) {
		REQUIRE(part(i * refreshes / (UES / 2), refreshes, more));
		last = (double)probe_memory(broker.pid) / 1024;
		half = i == PARTS / 2 - 1 ? last : half;
		printf("  after %zu refreshes, %zu messages: %.0f KiB\n", (i + 1) * refreshes,
		       (i + 1) * refreshes * (more + 1), last);
	}
	report_number("refreshes", "", (double)(PARTS * refreshes), 0);
	report_number("messages", "", (double)(PARTS * refreshes * (more + 1)), 0);
	report_number("memory after half of them", "KiB", half, 0);
	report_number("memory at the end", "KiB", last, half * 1.05 + 1024);
}

void case_long_run(void)
{
	const struct ue_range range[] = {{.prefix = "ue", .count = UES}, {0}};
	bool ok = broker_start(&broker, &(struct broker_options){.ues = range});

	EXPECT(ok);
	if (ok)
		run();
	crowd_close(&crowd);
	broker_stop(&broker);
}
