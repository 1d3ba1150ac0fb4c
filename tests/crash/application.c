/* SPDX-License-Identifier: Apache-2.0 */
#include "application.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "ledger.h"

enum {
	AGAIN_MS = 3000, /* after a crash, until a command counts as lost */
	IN_FLIGHT_MAX = 200,
	DRAIN_MS = 2000,
};

struct flight {
	int mid, item;
};

static struct mqtt ear;
static bool listening;
static struct mosquitto *mouth;
static bool connected;
static struct flight *flights;
static size_t flight_count;
static int looked_at; /* items before it need not be sent again */
static uint64_t command_at, look_at;

/* ---- readings ---- */

static void hear(const struct mqtt_message *m)
{
	const char *slash;
	unsigned ue;

	if (strncmp(m->topic, "app/", 4) != 0)
		return;
	slash = strchr(m->topic + 4, '/');
	if (slash == NULL || strncmp(slash, "/up/", 4) != 0)
		return;
	if (ue_of_name(m->topic + 4, (size_t)(slash - m->topic - 4), &ue))
		ledger_arrived(READING, ue, m->payload, m->len);
	else
		broken("a reading of nobody on %s", m->topic);
}

static void hear_all(int timeout_ms)
{
	struct mqtt_message *m;

	while ((m = mqtt_next(&ear, timeout_ms)) != NULL) {
		hear(m);
		mqtt_message_free(m);
	}
}

/* ---- commands ---- */

static int take_flight(int mid)
{
	for (size_t i = 0; i < flight_count; i++) {
		if (flights[i].mid == mid) {
			int item = flights[i].item;

			flights[i] = flights[--flight_count];
			return item;
		}
	}
	return NO_ITEM;
}

static void on_connect(struct mosquitto *m, void *ctx, int rc, int flags,
		       const mosquitto_property *properties)
{
	(void)m, (void)ctx, (void)flags, (void)properties;
	connected = rc == 0;
}

static void on_disconnect(struct mosquitto *m, void *ctx, int rc,
			  const mosquitto_property *properties)
{
	(void)m, (void)ctx, (void)rc, (void)properties;
	connected = false;
}

static void on_publish(struct mosquitto *m, void *ctx, int mid, int rc,
		       const mosquitto_property *properties)
{
	int item = take_flight(mid);

	(void)m, (void)ctx, (void)properties;
	if (item == NO_ITEM)
		return;
	ledger_settled(item);
	ledger_item(item)->refused = rc >= 0x80;
	if (rc >= 0x80)
		ledger_item(item)->may_be_lost = true;
}

static void send_item(int item)
{
	const struct item *i = ledger_item(item);
	char topic[64], name[UE_NAME_MAX], text[ITEM_TEXT_MAX];
	size_t len = ledger_text(item, text);
	int mid, rc;

	ue_name(i->ue, name);
	snprintf(topic, sizeof topic, "app/%s/down/do", name);
	rc = mosquitto_publish_v5(mouth, &mid, topic, (int)len, text, i->qos, false, NULL);
	/* On a connection that is just lost it goes out later. */
	if (rc != MOSQ_ERR_SUCCESS && rc != MOSQ_ERR_NO_CONN && rc != MOSQ_ERR_CONN_LOST &&
	    rc != MOSQ_ERR_ERRNO)
		return;
	flights[flight_count++] = (struct flight){mid, item};
	ledger_transmitted(item);
}

/* To a device without subscriptions Mosquitto keeps nothing. */
static bool may_send(unsigned ue)
{
	return connected && flight_count < IN_FLIGHT_MAX && device_subscribed(ue);
}

static void new_command(unsigned ue)
{
	if (may_send(ue))
		send_item(ledger_add(COMMAND, ue, (uint8_t)pick_between(1, 2), true));
}

void application_one_each(void)
{
	for (unsigned ue = 0; ue < options.ues; ue++)
		ledger_add(COMMAND, ue, (uint8_t)pick_between(1, 2), true);
}

/* Once more what may be lost; what could not be sent yet, too. */
static void look_again(void)
{
	bool all_done = true;

	for (int n = looked_at; n < ledger_count(); n++) {
		const struct item *i = ledger_item(n);
		bool open = i->kind == COMMAND && i->arrivals == 0 && i->successor == NO_ITEM;

		if (open && may_send(i->ue)) {
			if (!i->transmitted)
				send_item(n);
			else if (i->may_be_lost && i->settled &&
				 now_ms() - i->transmitted_at > AGAIN_MS)
				send_item(ledger_again(n));
		}
		all_done = all_done && (!open || ledger_item(n)->successor != NO_ITEM);
		if (all_done)
			looked_at = n + 1;
	}
}

/* ---- both ---- */

bool application_start(void)
{
	flights = calloc(IN_FLIGHT_MAX + 1, sizeof *flights);
	mosquitto_lib_init();
	mouth = mosquitto_new("application-mouth", false, NULL);
	if (flights == NULL || mouth == NULL)
		return false;
	mosquitto_int_option(mouth, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	mosquitto_int_option(mouth, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_username_pw_set(mouth, TEST_APP_USER, MQTT_PASSWORD);
	mosquitto_connect_v5_callback_set(mouth, on_connect);
	mosquitto_disconnect_v5_callback_set(mouth, on_disconnect);
	mosquitto_publish_v5_callback_set(mouth, on_publish);
	return true;
}

void application_stop(void)
{
	mosquitto_destroy(mouth);
	mosquitto_lib_cleanup();
	if (listening)
		mqtt_disconnect(&ear);
	free(flights);
}

static bool connect_mouth(void)
{
	mosquitto_property *properties = NULL;
	bool ok = mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
					       86400) == MOSQ_ERR_SUCCESS &&
		  mosquitto_connect_bind_v5(mouth, "127.0.0.1", run.broker_port, 60, NULL,
					    properties) == MOSQ_ERR_SUCCESS;

	mosquitto_property_free_all(&properties);
	return ok;
}

bool application_broker_up(void)
{
	const struct mqtt_login login = {
	    .version = MQTT_5, .client_id = "application-ear", .username = TEST_APP_USER};

	listening = mqtt_connect(&ear, run.broker_port, &login) == 0 &&
		    mqtt_subscribe(&ear, "app/+/up/#", 0) == 0;
	return listening && connect_mouth();
}

/* What a process that is dead wrote to its sockets is still there to be read. */
void application_broker_gone(void)
{
	if (!listening)
		return;
	hear_all(DRAIN_MS);
	mqtt_abort(&ear);
	listening = false;
	while (mosquitto_loop_read(mouth, 1) == MOSQ_ERR_SUCCESS && connected)
		continue;
	connected = false;
}

void application_prepare(struct pollfd p[APPLICATION_POLLS])
{
	p[0] = (struct pollfd){.fd = listening ? ear.fd : -1, .events = POLLIN};
	p[1] = (struct pollfd){.fd = listening ? mosquitto_socket(mouth) : -1, .events = POLLIN};
	if (p[1].fd >= 0 && mosquitto_want_write(mouth))
		p[1].events |= POLLOUT;
}

static void speak(const struct pollfd *p)
{
	if (p->fd < 0)
		return;
	if (p->revents & (POLLIN | POLLERR | POLLHUP))
		mosquitto_loop_read(mouth, 1);
	if (p->revents & POLLOUT)
		mosquitto_loop_write(mouth, 1);
	mosquitto_loop_misc(mouth);
	if (run.traffic && now_ms() >= command_at) {
		command_at = now_ms() + pick_between(10, 80);
		new_command((unsigned)pick(options.ues));
	}
	if (now_ms() >= look_at) {
		look_at = now_ms() + 200;
		look_again();
	}
}

void application_serve(const struct pollfd p[APPLICATION_POLLS])
{
	if (p[0].revents != 0)
		hear_all(0);
	speak(&p[1]);
}

unsigned application_busy(void)
{
	return (unsigned)flight_count;
}
