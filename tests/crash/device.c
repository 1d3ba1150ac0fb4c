/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eese/flash.h"
#include "eese/ue.h"
#include "ledger.h"
#include "ue/tool/link.h"

enum {
	SECTOR = 2048,
	PROGRAM = 8,
	ARENA = 16384,
	TEXT_ROOM = 1024,
	KEEP = 8192,
	HELD_MAX = 16, /* readings in the library */
	/* On MQTT 3.1.1 the library keeps EESE_UE_RESEND_KEEP of those it sent and lets go of the
	 * others, so an application that wants all to arrive sends none while it has no connection,
	 * and not several at once. */
	PACE_3_MS = 250,
	RESTART_MIN = 50,
	RESTART_MAX = 2000,
	DYING_MS = 1500,
	HASTE = 6,
};

struct flash_memory {
	uint8_t octets[2][SECTOR];
	int left; /* octets until power goes; -1: it stays */
	bool off;
};

struct device {
	unsigned n;
	char name[UE_NAME_MAX];
	uint8_t int_key[EESE_INT_KEY_SIZE];
	struct options options;
	struct link link;
	bool linked, alive;
	int ready_era; /* the latest in which the broker had its subscriptions */
	uint64_t link_at, restart_at, publish_at, published_at, dies_at;
	struct eese_ue ue;
	struct flash_memory memory;
	struct eese_flash flash;
	struct {
		uint32_t handle;
		int item;
	} held[EESE_UE_OUTSTANDING_MAX];
	int *backlog; /* items to be published */
	size_t backlog_count;
	uint8_t arena[ARENA], scratch[TEXT_ROOM], keep[KEEP], plain[TEXT_ROOM];
};

static struct device *devices;
static struct device_sum sum;
static uint64_t disturb_at;

struct device_sum devices_sum(void)
{
	return sum;
}

/* ---- flash that loses power ---- */

static bool flash_read(void *ctx, unsigned sector, uint32_t at, uint8_t *out, size_t len)
{
	const struct flash_memory *m = ctx;

	memcpy(out, m->octets[sector] + at, len);
	return !m->off;
}

static bool power_lasts(struct flash_memory *m)
{
	if (m->left == 0)
		m->off = true;
	else if (m->left > 0)
		m->left--;
	return !m->off;
}

static bool flash_program(void *ctx, unsigned sector, uint32_t at, const uint8_t *octets,
			  size_t len)
{
	struct flash_memory *m = ctx;

	for (size_t i = 0; i < len; i++) {
		if (!power_lasts(m)) {
			m->octets[sector][at + i] &= octets[i] | (uint8_t)pick(256);
			return false;
		}
		m->octets[sector][at + i] &= octets[i];
	}
	return true;
}

static bool flash_erase(void *ctx, unsigned sector)
{
	struct flash_memory *m = ctx;

	if (!power_lasts(m)) {
		for (size_t i = 0; i < SECTOR; i++)
			m->octets[sector][i] |= (uint8_t)pick(256);
		return false;
	}
	memset(m->octets[sector], 0xff, SECTOR);
	return true;
}

/* ---- the port ---- */

static bool port_send(void *ctx, const struct eese_ue_message *m)
{
	struct device *d = ctx;
	bool sent;

	if (d->memory.off || !d->linked || !d->link.ready)
		return false;
	sent = link_send(&d->link, m);
	for (size_t i = 0; m->channel == EESE_UE_UP && i < EESE_UE_OUTSTANDING_MAX; i++)
		if (d->held[i].handle == m->handle)
			(sent ? ledger_transmitted : ledger_attempted)(d->held[i].item);
	return sent;
}

/* Devices live fast, so that the longest they may wait for a KEY_REQUEST, a minute, fits in a run.
 */
static uint64_t port_now(void *ctx)
{
	(void)ctx;
	return now_ms() * HASTE;
}

static bool port_random(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)pick(256);
	return true;
}

static enum eese_ue_nvm_result port_nvm(void *ctx, enum eese_ue_nvm op,
					uint8_t record[EESE_UE_RECORD_SIZE])
{
	return eese_flash_nvm(&((struct device *)ctx)->flash, op, record);
}

/* ---- what the link brings ---- */

static void on_ready(void *ctx)
{
	struct device *d = ctx;

	d->ready_era = (int)run.era;
	eese_ue_connected(&d->ue);
}

bool device_subscribed(unsigned ue)
{
	return devices[ue].ready_era == (int)run.era;
}

static void opened(struct device *d, size_t len)
{
	/* Dead devices do nothing with what they opened. */
	if (!d->memory.off)
		ledger_arrived(COMMAND, d->n, d->plain, len);
}

static void on_control(void *ctx, const uint8_t *msg, size_t len)
{
	struct device *d = ctx;
	char topic[EESE_TOPIC_MAX];
	size_t topic_len, plain_len;

	if (eese_ue_control(&d->ue, msg, len) == EESE_REPLAY)
		sum.replays_refused++;
	while (eese_ue_next_kept(&d->ue, topic, &topic_len, d->plain, sizeof d->plain,
				 &plain_len) == EESE_OK)
		opened(d, plain_len);
}

static void on_downlink(void *ctx, const char *topic, const uint8_t *msg, size_t len)
{
	struct device *d = ctx;
	size_t plain_len;
	enum eese_result r = eese_ue_downlink(&d->ue, topic, strlen(topic), msg, len, d->plain,
					      sizeof d->plain, &plain_len);

	if (r == EESE_OK)
		opened(d, plain_len);
	else if (r == EESE_REPLAY)
		sum.replays_refused++;
}

static void on_verdict(void *ctx, uint32_t handle, bool positive)
{
	eese_ue_acknowledged(&((struct device *)ctx)->ue, handle, positive);
}

/* ---- life and death ---- */

static void push_backlog(unsigned ue, int item)
{
	struct device *d = &devices[ue];

	d->backlog = realloc(d->backlog, (d->backlog_count + 1) * sizeof *d->backlog);
	if (d->backlog == NULL)
		abort();
	d->backlog[d->backlog_count++] = item;
}

static void start_device(struct device *d)
{
	const struct eese_flash_port flash = {.read = flash_read,
					      .program = flash_program,
					      .erase = flash_erase,
					      .ctx = &d->memory,
					      .sector_size = SECTOR,
					      .program_size = PROGRAM};
	const struct eese_ue_config config = {
	    .ue_id = d->name,
	    .port = {port_send, port_now, port_random, port_nvm, d},
	    .arena = d->arena,
	    .arena_size = sizeof d->arena,
	    .scratch = d->scratch,
	    .scratch_size = sizeof d->scratch,
	    .keep = d->keep,
	    .keep_size = sizeof d->keep,
	    .reserve_block = (uint32_t)pick_between(1, 20),
	    .repeat_ms = 2000 * HASTE,
	    .downlink_durable = true,
	};

	d->memory.off = false;
	d->memory.left = -1;
	memset(d->held, 0, sizeof d->held);
	if (eese_flash_init(&d->flash, &flash) != EESE_OK ||
	    eese_ue_init(&d->ue, &config, d->int_key) != EESE_OK)
		broken("%s: does not start", d->name);
	d->alive = true;
	d->dies_at = 0;
	d->link_at = now_ms();
}

/* Without a word, as a process that is killed. */
static void drop_link(struct device *d)
{
	if (d->link.mqtt.mosq != NULL) {
		mosquitto_destroy(d->link.mqtt.mosq);
		mosquitto_lib_cleanup();
	}
	d->link.mqtt.mosq = NULL;
	d->linked = false;
}

static void kill_device(struct device *d)
{
	sum.kills++;
	sum.in_writes += d->memory.off;
	drop_link(d);
	eese_ue_wipe(&d->ue);
	d->alive = false;
	d->restart_at = now_ms() + pick_between(RESTART_MIN, RESTART_MAX);
	/* What was not yet given to the library is in the application's own memory still. */
	for (size_t i = 0; i < EESE_UE_OUTSTANDING_MAX; i++)
		if (d->held[i].handle != 0 && !ledger_item(d->held[i].item)->attempted)
			push_backlog(d->n, d->held[i].item);
	ledger_ue_killed(d->n, push_backlog);
}

static void open_link(struct device *d)
{
	static const struct link_owner owner = {.ready = on_ready,
						.control = on_control,
						.downlink = on_downlink,
						.verdict = on_verdict};
	struct link_owner of_device = owner;

	of_device.ctx = d;
	d->linked = link_open(&d->link, &d->options, d->name, &of_device) == GO_ON;
	if (!d->linked) {
		drop_link(d);
		d->link_at = now_ms() + pick_between(100, 300);
	}
}

static void set_options(struct device *d, uint16_t port)
{
	struct options *o = &d->options;

	o->command = COMMAND_SUB;
	o->base = "e2e";
	o->topics[0] = "#";
	o->topic_count = 1;
	eese_login_init(&o->login);
	o->login.host = "127.0.0.1";
	o->login.port = port;
	o->login.id = d->name;
	o->login.protocol = d->n % 4 < 2 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311;
	o->qos = d->n % 2 == 0 ? 1 : 2;
}

bool devices_start(uint16_t port)
{
	devices = calloc(options.ues, sizeof *devices);
	if (devices == NULL)
		return false;
	for (unsigned n = 0; n < options.ues; n++) {
		struct device *d = &devices[n];

		d->n = n;
		d->ready_era = -1;
		ue_name(n, d->name);
		test_int_key(d->name, d->int_key);
		memset(d->memory.octets, 0xff, sizeof d->memory.octets);
		set_options(d, port);
		start_device(d);
	}
	return true;
}

void devices_stop(void)
{
	for (unsigned n = 0; n < options.ues; n++) {
		if (devices[n].alive)
			eese_ue_wipe(&devices[n].ue);
		drop_link(&devices[n]);
		free(devices[n].backlog);
	}
	free(devices);
}

/* At once, or by power that goes at some octet of the next writes. */
void devices_disturb(void)
{
	struct device *d;

	if (!run.traffic || now_ms() < disturb_at)
		return;
	disturb_at = now_ms() + pick_between(200, 2000);
	d = &devices[pick(options.ues)];
	if (!d->alive || d->dies_at != 0)
		return;
	d->dies_at = now_ms();
	if (pick(3) > 0) {
		d->dies_at += DYING_MS;
		d->memory.left = (int)pick(600);
	}
}

/* ---- readings ---- */

/* Whether the application gives the library another reading now. */
static bool ready_for_more(const struct device *d)
{
	if (eese_ue_held(&d->ue) >= HELD_MAX)
		return false;
	if (options_acknowledged(&d->options))
		return true;
	for (size_t i = 0; i < EESE_UE_OUTSTANDING_MAX; i++)
		if (d->held[i].handle != 0 && !ledger_item(d->held[i].item)->transmitted)
			return false;
	return d->linked && d->link.ready && now_ms() - d->published_at >= PACE_3_MS;
}

static bool publish(struct device *d, int item)
{
	char text[ITEM_TEXT_MAX];
	size_t len = ledger_text(item, text), slot = 0;
	const char *topic = item % 3 == 0 ? "a" : item % 3 == 1 ? "b/c" : "";

	while (slot < EESE_UE_OUTSTANDING_MAX && d->held[slot].handle != 0)
		slot++;
	if (slot == EESE_UE_OUTSTANDING_MAX || !ready_for_more(d))
		return false;
	/* The handle is there before the library sends. */
	d->held[slot].item = item;
	d->published_at = now_ms();
	return eese_ue_publish(&d->ue, topic, strlen(topic), (const uint8_t *)text, len,
			       options_acknowledged(&d->options), &d->held[slot].handle) == EESE_OK;
}

static void new_reading(struct device *d)
{
	push_backlog(d->n, ledger_add(READING, d->n, (uint8_t)d->options.qos,
				      options_acknowledged(&d->options)));
}

void devices_one_each(void)
{
	for (unsigned n = 0; n < options.ues; n++)
		new_reading(&devices[n]);
}

static void publish_due(struct device *d)
{
	if (run.traffic && now_ms() >= d->publish_at) {
		d->publish_at = now_ms() + pick_between(100, 900);
		if (d->backlog_count < 8)
			new_reading(d);
	}
	while (d->backlog_count > 0 && publish(d, d->backlog[0])) {
		d->backlog_count--;
		memmove(d->backlog, d->backlog + 1, d->backlog_count * sizeof *d->backlog);
	}
}

static int take_held(struct device *d, uint32_t handle)
{
	for (size_t i = 0; i < EESE_UE_OUTSTANDING_MAX; i++) {
		if (d->held[i].handle == handle) {
			d->held[i].handle = 0;
			return d->held[i].item;
		}
	}
	return NO_ITEM;
}

static void given_back(struct device *d, int item)
{
	sum.given_back++;
	ledger_item(item)->refused = true;
	push_backlog(d->n, ledger_again(item));
}

static void take_events(struct device *d)
{
	struct eese_ue_event e;

	while (eese_ue_next_event(&d->ue, &e)) {
		int item = e.handle != 0 ? take_held(d, e.handle) : NO_ITEM;

		sum.keysets += e.kind == EESE_UE_EVENT_NEW_KEYSET;
		sum.unconfirmed += e.kind == EESE_UE_EVENT_UNCONFIRMED;
		sum.aka += e.kind == EESE_UE_EVENT_RUN_AKA;
		if (item == NO_ITEM)
			continue;
		ledger_settled(item);
		ledger_item(item)->let_go = e.kind == EESE_UE_EVENT_UNCONFIRMED;
		if (e.kind == EESE_UE_EVENT_FAILED)
			given_back(d, item);
	}
}

void devices_prepare(struct pollfd *p)
{
	for (unsigned n = 0; n < options.ues; n++) {
		p[n] = (struct pollfd){.fd = -1};
		if (devices[n].linked)
			link_prepare(&devices[n].link, &p[n], now_ms());
	}
}

static void serve(struct device *d, const struct pollfd *p)
{
	if (!d->linked && now_ms() >= d->link_at)
		open_link(d);
	else if (d->linked && link_done(&d->link, p, now_ms()) != GO_ON) {
		drop_link(d);
		d->link_at = now_ms() + pick_between(50, 300);
	}
	/* A second is long here. */
	if (d->linked && d->link.mqtt.retry_at > now_ms() + 300)
		d->link.mqtt.retry_at = now_ms() + pick_between(20, 300);
	publish_due(d);
	eese_ue_poll(&d->ue);
	take_events(d);
}

void devices_serve(const struct pollfd *p)
{
	for (unsigned n = 0; n < options.ues; n++) {
		struct device *d = &devices[n];

		if (!d->alive) {
			if (now_ms() >= d->restart_at)
				start_device(d);
			continue;
		}
		serve(d, &p[n]);
		if (d->memory.off || (d->dies_at != 0 && now_ms() >= d->dies_at))
			kill_device(d);
	}
}

unsigned devices_busy(void)
{
	unsigned busy = 0;

	for (unsigned n = 0; n < options.ues; n++) {
		const struct device *d = &devices[n];

		busy += (unsigned)d->backlog_count;
		if (d->alive && options_acknowledged(&d->options))
			busy += (unsigned)eese_ue_held(&d->ue);
	}
	return busy;
}

void devices_show_busy(void)
{
	for (unsigned n = 0; n < options.ues; n++) {
		const struct device *d = &devices[n];
		size_t held = d->alive ? eese_ue_held(&d->ue) : 0;

		if (held > 0 || d->backlog_count > 0)
			printf("  %s: %s, KSN %u, holds %zu, %zu to come\n", d->name,
			       !d->linked      ? "no link"
			       : d->link.ready ? "connected"
					       : "connecting",
			       d->alive ? eese_ue_ksn(&d->ue) : 0, held, d->backlog_count);
	}
}
