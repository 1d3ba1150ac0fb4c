/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who repeats what: libmosquitto keeps every message at QoS 1 and 2 until it is acknowledged and
 * sends it again by itself after a reconnect, which is what MQTT asks for and the only thing that
 * saves a message on MQTT 3, where the library of the device gets no verdict and does not repeat
 * by time. The library repeats too, what it holds. So a repeat of octets that libmosquitto still
 * has counts as sent and goes nowhere: each message is in one queue once, however often the
 * connection breaks. The same message protected anew has other octets and is sent.
 *
 * At QoS 2 libmosquitto resumes with PUBREL what had its PUBREC, and the broker says PUBCOMP to a
 * PUBREL whatever it knows of the message. It may have died with it, and its session may be from
 * before. So a PUBCOMP is a verdict on the connection of its PUBLISH only; otherwise the library
 * sends the same octets once more, which the EESE tells from new ones by their number.
 */
#include "link_mqtt.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <string.h>

#include "host/say.h"

enum {
	SESSION_EXPIRY = 86400, /* seconds the broker keeps ctl and downlink for us */
	TICK = 1000,            /* milliseconds between looks at the keepalive */
	BACK_OFF_FIRST = 1000,
	BACK_OFF_MAX = 30000,
	CLOSE_TURNS = 20,
	CLOSE_TURN = 100, /* milliseconds */
	TOPIC_ROOM = OPTIONS_BASE_MAX + EESE_UE_ID_MAX + EESE_TOPIC_MAX + 8,
	CLIENT_ID_ROOM = EESE_UE_ID_MAX + 16,
	AT_ONCE = 20,          /* libmosquitto's own measure, until a broker gives it another */
	REASON_FAILURE = 0x80, /* MQTT 5: reason codes from here on are failures */
};

static void end_link(struct link *l, const char *what, const char *why)
{
	say_error("%s: %s", what, why);
	if (l->code == GO_ON)
		l->code = EXIT_CONNECTION;
}

static bool topic_join(const struct link *l, const char *middle, const char *topic,
		       size_t topic_len, char out[TOPIC_ROOM])
{
	const int len = snprintf(out, TOPIC_ROOM, "%s/%s/%s%.*s", l->options->base, l->ue_id,
				 middle, (int)topic_len, topic);

	return len > 0 && len < TOPIC_ROOM;
}

static bool subscribe(struct link *l, const char *middle, const char *filter, int qos)
{
	char topic[TOPIC_ROOM];
	int rc = MOSQ_ERR_INVAL;

	if (topic_join(l, middle, filter, strlen(filter), topic))
		rc = mosquitto_subscribe(l->mqtt.mosq, NULL, topic, qos);
	if (rc == MOSQ_ERR_SUCCESS)
		l->mqtt.subacks++;
	else
		end_link(l, "subscribing", eese_login_error(rc));
	return rc == MOSQ_ERR_SUCCESS;
}

/*
 * ctl first: a KEY_UPDATE must not come later than what it is for. Nothing at QoS 2 (clause 4):
 * what comes twice, the library tells by its number, and libmosquitto 2.0.11 loses a message if its
 * connection breaks at the PUBREL.
 */
static void subscribe_all(struct link *l)
{
	const struct options *o = l->options;
	const int down = o->qos > 0 ? 1 : 0;
	bool ok = subscribe(l, "ctl", "", 1);

	if (o->command != COMMAND_SUB)
		return;
	for (size_t i = 0; ok && i < o->topic_count; i++)
		ok = subscribe(l, "down/", o->topics[i], down);
}

/* Whether a refusal says "not now" rather than "not you". */
static bool passing_refusal(const struct link *l, int reason)
{
	if (l->options->login.protocol == MQTT_PROTOCOL_V5)
		return reason == MQTT_RC_SERVER_UNAVAILABLE || reason == MQTT_RC_SERVER_BUSY;
	return reason == 3;
}

static void on_connect(struct mosquitto *mosq, void *ctx, int reason, int flags,
		       const mosquitto_property *properties)
{
	struct link *l = ctx;

	(void)mosq;
	(void)flags;
	l->mqtt.subacks = 0;
	if (reason == 0) {
		if (l->options->qos == 2)
			flights_cross(&l->flights, l->mqtt.at_once);
		mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM,
					      &l->mqtt.at_once, false);
		subscribe_all(l);
		return;
	}
	if (l->was_ready && passing_refusal(l, reason))
		return;
	end_link(l, "the broker refuses the connection",
		 eese_login_refusal(&l->options->login, reason));
}

static void on_disconnect(struct mosquitto *mosq, void *ctx, int reason,
			  const mosquitto_property *properties)
{
	struct link *l = ctx;

	(void)mosq;
	(void)properties;
	l->ready = false;
	/* Reconnecting would throw the other one out, and so on for ever. */
	if (reason == MQTT_RC_SESSION_TAKEN_OVER)
		end_link(l, "disconnected", "another client has taken over the client id");
}

static void on_subscribe(struct mosquitto *mosq, void *ctx, int mid, int count, const int *granted)
{
	struct link *l = ctx;

	(void)mosq;
	(void)mid;
	for (int i = 0; i < count; i++)
		if (granted[i] >= REASON_FAILURE)
			end_link(l, "the broker refuses a subscription",
				 l->options->login.protocol == MQTT_PROTOCOL_V5
				     ? mosquitto_reason_string(granted[i])
				     : "failure");
	if (l->mqtt.subacks > 0 && --l->mqtt.subacks == 0 && l->code == GO_ON) {
		l->ready = true;
		l->was_ready = true;
		l->mqtt.back_off = 0;
		l->owner.ready(l->owner.ctx);
	}
}

/* QoS 2 ends here with PUBCOMP, or with a PUBREC of 0x80 and above, whose code this then is. */
static void on_publish(struct mosquitto *mosq, void *ctx, int mid, int reason,
		       const mosquitto_property *properties)
{
	struct link *l = ctx;
	struct flight f;

	(void)mosq;
	(void)properties;
	if (!flights_take(&l->flights, mid, &f))
		return;
	say_debug("message %u: reason code 0x%02x%s", (unsigned)f.handle, (unsigned)reason,
		  f.crossed ? ", of another connection" : "");
	/* MQTT 3 acknowledges what was refused as well: no verdict. */
	if (options_acknowledged(l->options))
		l->owner.verdict(l->owner.ctx, f.handle, reason < REASON_FAILURE && !f.crossed);
}

static void on_message(struct mosquitto *mosq, void *ctx, const struct mosquitto_message *m,
		       const mosquitto_property *properties)
{
	struct link *l = ctx;
	char down[TOPIC_ROOM], ctl[TOPIC_ROOM];
	const size_t len = (size_t)m->payloadlen;

	(void)mosq;
	(void)properties;
	if (l->closing || len > EESE_MESSAGE_MAX || !topic_join(l, "down/", "", 0, down) ||
	    !topic_join(l, "ctl", "", 0, ctl))
		return;
	if (strcmp(m->topic, ctl) == 0)
		l->owner.control(l->owner.ctx, m->payload, len);
	else if (strncmp(m->topic, down, strlen(down)) == 0)
		l->owner.downlink(l->owner.ctx, m->topic + strlen(down), m->payload, len);
}

static int set_up(struct link *l)
{
	mosquitto_connect_v5_callback_set(l->mqtt.mosq, on_connect);
	mosquitto_disconnect_v5_callback_set(l->mqtt.mosq, on_disconnect);
	mosquitto_subscribe_callback_set(l->mqtt.mosq, on_subscribe);
	mosquitto_publish_v5_callback_set(l->mqtt.mosq, on_publish);
	mosquitto_message_v5_callback_set(l->mqtt.mosq, on_message);
	mosquitto_log_callback_set(l->mqtt.mosq, eese_login_log);
	return eese_login_apply(&l->options->login, l->mqtt.mosq, l->ue_id);
}

static int first_connect(struct link *l)
{
	const struct options *o = l->options;
	mosquitto_property *properties = NULL;
	int rc = MOSQ_ERR_SUCCESS;

	if (o->login.protocol == MQTT_PROTOCOL_V5)
		rc = mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
						  SESSION_EXPIRY);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = eese_login_connect(&o->login, l->mqtt.mosq, properties);
	mosquitto_property_free_all(&properties);
	return rc;
}

/* pub has a session of its own: in that of sub it would take delivery of downlink messages, which
 * it doesn't print and nobody would get again. */
static struct mosquitto *new_client(struct link *l)
{
	const struct options *o = l->options;
	char id[CLIENT_ID_ROOM];

	snprintf(id, sizeof(id), "eese-ue-%s%s", l->ue_id, o->command == COMMAND_PUB ? "-pub" : "");
	return mosquitto_new(o->login.id ? o->login.id : id, false, l);
}

static int mqtt_open(struct link *l)
{
	const struct options *o = l->options;
	char what[336] = "connecting to ";
	int rc;

	l->mqtt.at_once = AT_ONCE;
	mosquitto_lib_init();
	eese_login_place(&o->login, what + strlen(what));
	l->mqtt.mosq = new_client(l);
	if (!l->mqtt.mosq) {
		end_link(l, what, strerror(errno));
		return l->code;
	}
	rc = set_up(l);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = first_connect(l);
	if (rc != MOSQ_ERR_SUCCESS)
		end_link(l, what, eese_login_error(rc));
	return l->code;
}

static void mqtt_stop_reading(struct link *l)
{
	mosquitto_disconnect(l->mqtt.mosq);
}

static void mqtt_close(struct link *l)
{
	if (!l->mqtt.mosq)
		return;
	for (int turn = 0; turn < CLOSE_TURNS && mosquitto_socket(l->mqtt.mosq) >= 0; turn++) {
		struct pollfd p = {.fd = mosquitto_socket(l->mqtt.mosq), .events = POLLOUT};

		if (!mosquitto_want_write(l->mqtt.mosq) || poll(&p, 1, CLOSE_TURN) < 0)
			break;
		if (mosquitto_loop_write(l->mqtt.mosq, 1) != MOSQ_ERR_SUCCESS)
			break;
	}
	mosquitto_destroy(l->mqtt.mosq);
	mosquitto_lib_cleanup();
	l->mqtt.mosq = NULL;
}

static bool publish(struct link *l, const struct eese_ue_message *m, int qos, int *mid)
{
	char topic[TOPIC_ROOM];
	int rc = MOSQ_ERR_INVAL;

	if (topic_join(l, m->channel == EESE_UE_UP ? "up/" : "req", m->topic, m->topic_len, topic))
		rc = mosquitto_publish_v5(l->mqtt.mosq, mid, topic, (int)m->len, m->octets, qos,
					  false, NULL);
	if (rc == MOSQ_ERR_SUCCESS)
		return true;
	/* The library tries again, so the same complaint would come every second. */
	if (rc != MOSQ_ERR_NO_CONN && rc != l->mqtt.complaint)
		say_error("sending: %s", eese_login_error(rc));
	l->mqtt.complaint = rc;
	return false;
}

static bool mqtt_send(struct link *l, const struct eese_ue_message *m)
{
	const int qos = (int)l->options->qos;
	struct flight f;

	/* A KEY_REQUEST has the library's own timer and no verdict. */
	if (m->channel == EESE_UE_REQ || qos == 0)
		return publish(l, m, 0, NULL);
	f = flight_of(m);
	if (flights_has(&l->flights, &f))
		return true;
	if (l->flights.count == FLIGHTS_MAX || !publish(l, m, qos, &f.mid))
		return false;
	flights_add(&l->flights, &f);
	return true;
}

static bool mqtt_busy(const struct link *l)
{
	if (l->options->qos == 0)
		return mosquitto_want_write(l->mqtt.mosq);
	return l->flights.count >= EESE_UE_OUTSTANDING_MAX;
}

static uint64_t mqtt_prepare(struct link *l, struct pollfd *p, uint64_t now)
{
	p->fd = mosquitto_socket(l->mqtt.mosq);
	p->events = POLLIN;
	p->revents = 0;
	if (p->fd < 0)
		return l->mqtt.retry_at > now ? l->mqtt.retry_at : now;
	if (mosquitto_want_write(l->mqtt.mosq))
		p->events |= POLLOUT;
	return now + TICK;
}

static int serve(struct link *l, short revents)
{
	int rc = MOSQ_ERR_SUCCESS;

	if (revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL))
		rc = mosquitto_loop_read(l->mqtt.mosq, 1);
	if (rc == MOSQ_ERR_SUCCESS && (revents & POLLOUT))
		rc = mosquitto_loop_write(l->mqtt.mosq, 1);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_loop_misc(l->mqtt.mosq);
	return rc;
}

static void plan_retry(struct link *l, uint64_t now)
{
	l->mqtt.back_off = l->mqtt.back_off == 0 ? BACK_OFF_FIRST : 2 * l->mqtt.back_off;
	if (l->mqtt.back_off > BACK_OFF_MAX)
		l->mqtt.back_off = BACK_OFF_MAX;
	l->mqtt.retry_at = now + l->mqtt.back_off;
}

static void connection_lost(struct link *l, int rc, uint64_t now)
{
	l->ready = false;
	if (l->closing || l->code != GO_ON)
		return;
	/* Before it ever worked it is more likely a mistake than bad luck. */
	if (!l->was_ready) {
		end_link(l, "connecting", eese_login_error(rc));
		return;
	}
	plan_retry(l, now);
	say_error("connection lost (%s); trying again", eese_login_error(rc));
}

static void reconnect(struct link *l, uint64_t now)
{
	const int rc = mosquitto_reconnect(l->mqtt.mosq);

	if (rc == MOSQ_ERR_SUCCESS) {
		l->mqtt.retry_at = 0;
		return;
	}
	plan_retry(l, now);
	say_debug("reconnecting: %s", eese_login_error(rc));
}

static int mqtt_done(struct link *l, const struct pollfd *p, uint64_t now)
{
	if (p->fd >= 0) {
		const int rc = serve(l, p->revents);

		if (mosquitto_socket(l->mqtt.mosq) < 0)
			connection_lost(l, rc, now);
	} else if (!l->closing && now >= l->mqtt.retry_at) {
		reconnect(l, now);
	}
	return l->code;
}

const struct link_kind link_mqtt = {
    .open = mqtt_open,
    .stop_reading = mqtt_stop_reading,
    .close = mqtt_close,
    .send = mqtt_send,
    .busy = mqtt_busy,
    .prepare = mqtt_prepare,
    .done = mqtt_done,
};
