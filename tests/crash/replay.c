/* SPDX-License-Identifier: Apache-2.0 */
#include "replay.h"

#include <stdio.h>

#include "record.h"
#include "relay.h"

enum { GATEWAY_5, GATEWAY_3, AS_DEVICE, WAYS };
enum { BATCH = 12, PAUSE_MS = 15, TICK_EACH = 50 };

static struct mqtt ways[WAYS];
static bool open_ways[WAYS];
static unsigned as_device;
static size_t cursor; /* how many of the newest this life has replayed */
static uint64_t batch_at;
static struct replay_sum sum;

struct replay_sum replay_sum(void)
{
	return sum;
}

void replay_broker_gone(void)
{
	for (int i = 0; i < WAYS; i++) {
		if (open_ways[i])
			mqtt_abort(&ways[i]);
		open_ways[i] = false;
	}
	cursor = 0;
}

/* The connection to send it by. As a device only its own can be sent. */
static struct mqtt *way_for(const struct recorded *r)
{
	static const char *const ids[] = {"attacker-5", "attacker-3", "attacker-device"};
	struct mqtt_login login = {.version = MQTT_5, .username = TEST_GATEWAY_USER};
	char name[UE_NAME_MAX];
	int way = (int)pick(WAYS);

	if (way == AS_DEVICE && open_ways[way] && as_device != r->ue) {
		mqtt_disconnect(&ways[way]);
		open_ways[way] = false;
	}
	if (open_ways[way])
		return &ways[way];
	login.client_id = ids[way];
	if (way == GATEWAY_3)
		login.version = MQTT_3_1_1;
	if (way == AS_DEVICE) {
		ue_name(r->ue, name);
		login.username = name;
		as_device = r->ue;
	}
	open_ways[way] = mqtt_connect(&ways[way], run.broker_port, &login) == 0;
	return open_ways[way] ? &ways[way] : NULL;
}

static void send_one(const struct recorded *r)
{
	struct mqtt *m = way_for(r);
	char topic[128];
	struct mqtt_publish p = {
	    .topic = topic, .payload = r->octets, .len = r->len, .qos = (uint8_t)pick(3)};
	int reason;

	if (m == NULL)
		return;
	record_topic(r, topic);
	reason = mqtt_publish(m, &p);
	sum.sent++;
	sum.taken += m->version == MQTT_5 && p.qos > 0 && reason >= 0 && reason < 0x80;
	if (reason < 0) {
		mqtt_abort(m);
		open_ways[m - ways] = false;
	}
}

static void replay(size_t n)
{
	const struct recorded *r = record_nth(n);

	if (r->channel == CHANNEL_UP || r->channel == CHANNEL_REQ)
		send_one(r);
	else
		relay_inject(n);
}

void replay_some(void)
{
	if (now_ms() < batch_at)
		return;
	batch_at = now_ms() + PAUSE_MS;
	for (int i = 0; i < BATCH && record_count() > 0; i++) {
		if (cursor >= record_count())
			cursor = 0;
		replay(record_count() - 1 - cursor++);
	}
}

void replay_all(void (*tick)(void))
{
	for (size_t n = 0; n < record_count(); n++) {
		replay(n);
		if (n % TICK_EACH == 0)
			tick();
	}
}
