/* SPDX-License-Identifier: Apache-2.0 */
#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <mqtt_protocol.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/say.h"

enum {
	TICK = 1000, /* milliseconds between looks at the keepalive */
	BACK_OFF_FIRST = 250,
	BACK_OFF_MAX = 15000,
	CLOSE_TURNS = 10,
	CLOSE_TURN = 100,
	UNLIMITED = 65535, /* receive maximum, send maximum */
	READ_PACKETS = 100,
};

/* What the thread works with; whoever comes second of the two frees it. */
struct dial {
	struct mosquitto *mosq;
	const struct eese_login *login;
	uint32_t session_expiry;
	int event; /* readable when it is done */
	int rc;
	char error[128];
};

static void on_connect(struct mosquitto *mosq, void *ctx, int reason, int flags,
		       const mosquitto_property *properties)
{
	struct broker *b = ctx;

	(void)mosq;
	(void)properties;
	b->refusal = reason;
	if (reason != 0)
		return;
	b->up = true;
	b->was_up = true;
	b->said = 0;
	b->back_off = 0;
	b->owner.up(b->owner.ctx, (flags & 1) != 0);
}

static void on_publish(struct mosquitto *mosq, void *ctx, int mid, int reason,
		       const mosquitto_property *properties)
{
	struct broker *b = ctx;

	(void)mosq;
	(void)properties;
	b->unacknowledged--;
	if (b->owner.published != NULL)
		b->owner.published(b->owner.ctx, mid, reason);
}

static void on_subscribe(struct mosquitto *mosq, void *ctx, int mid, int count, const int *granted)
{
	struct broker *b = ctx;

	(void)mosq;
	for (int i = 0; b->owner.subscribed != NULL && i < count; i++)
		b->owner.subscribed(b->owner.ctx, mid, granted[i]);
}

static void on_unsubscribe(struct mosquitto *mosq, void *ctx, int mid)
{
	struct broker *b = ctx;

	(void)mosq;
	if (b->owner.unsubscribed != NULL)
		b->owner.unsubscribed(b->owner.ctx, mid);
}

static void on_message(struct mosquitto *mosq, void *ctx, const struct mosquitto_message *m,
		       const mosquitto_property *properties)
{
	struct broker *b = ctx;

	(void)mosq;
	(void)properties;
	/* Retained: left there by somebody, never by an EESE. */
	if (!m->retain && m->payloadlen > 0)
		b->owner.message(b->owner.ctx, m->topic, m->payload, (size_t)m->payloadlen);
}

static struct mosquitto *new_client(struct broker *b)
{
	struct mosquitto *mosq = mosquitto_new(b->id, b->session_expiry == 0, b);

	if (mosq == NULL)
		return NULL;
	mosquitto_connect_v5_callback_set(mosq, on_connect);
	mosquitto_publish_v5_callback_set(mosq, on_publish);
	mosquitto_subscribe_callback_set(mosq, on_subscribe);
	mosquitto_unsubscribe_callback_set(mosq, on_unsubscribe);
	mosquitto_message_v5_callback_set(mosq, on_message);
	mosquitto_log_callback_set(mosq, eese_login_log);
	/* Acknowledgements are then written by broker_done() only, after settle(). */
	mosquitto_threaded_set(mosq, true);
	if (eese_login_apply(b->login, mosq, "gateway") == MOSQ_ERR_SUCCESS &&
	    mosquitto_int_option(mosq, MOSQ_OPT_RECEIVE_MAXIMUM, UNLIMITED) == MOSQ_ERR_SUCCESS &&
	    mosquitto_int_option(mosq, MOSQ_OPT_SEND_MAXIMUM, UNLIMITED) == MOSQ_ERR_SUCCESS)
		return mosq;
	mosquitto_destroy(mosq);
	return NULL;
}

static int connect_now(struct dial *d)
{
	mosquitto_property *properties = NULL;
	int rc = MOSQ_ERR_SUCCESS;

	if (d->session_expiry > 0)
		rc = mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
						  d->session_expiry);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = eese_login_connect(d->login, d->mosq, properties);
	snprintf(d->error, sizeof(d->error), "%s", eese_login_error(rc));
	mosquitto_property_free_all(&properties);
	return rc;
}

static void *dial_thread(void *arg)
{
	struct dial *d = arg;
	const uint64_t one = 1;

	d->rc = connect_now(d);
	/* Can't fail: the counter is 0. From here on the other side may free d. */
	while (write(d->event, &one, sizeof(one)) < 0 && errno == EINTR)
		continue;
	return NULL;
}

static void dial_free(struct dial *d)
{
	if (d == NULL)
		return;
	if (d->mosq != NULL)
		mosquitto_destroy(d->mosq);
	if (d->event >= 0)
		close(d->event);
	free(d);
}

/* Signals are for the main thread. */
static bool start_thread(struct dial *d)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, old;
	bool ok;

	sigfillset(&all);
	if (pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ok = pthread_create(&thread, &attributes, dial_thread, d) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attributes);
	return ok;
}

static bool dial(struct broker *b)
{
	struct dial *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return false;
	d->login = b->login;
	d->session_expiry = b->session_expiry;
	d->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	d->mosq = new_client(b);
	if (d->event >= 0 && d->mosq != NULL && start_thread(d)) {
		b->dial = d;
		return true;
	}
	dial_free(d);
	return false;
}

static void plan_retry(struct broker *b, uint64_t now)
{
	b->back_off = b->back_off == 0 ? BACK_OFF_FIRST : 2 * b->back_off;
	if (b->back_off > BACK_OFF_MAX)
		b->back_off = BACK_OFF_MAX;
	b->retry_at = now + b->back_off;
}

/* The same complaint once, not at each try. */
static void complain(struct broker *b, int code, const char *what, const char *why)
{
	char place[320];

	if (b->said == code)
		return;
	b->said = code;
	eese_login_place(b->login, place);
	say_error("broker at %s (%s): %s: %s; trying again", place, b->what, what, why);
}

static void lost(struct broker *b, int rc, uint64_t now)
{
	const bool was_up = b->up;

	mosquitto_destroy(b->mosq);
	b->mosq = NULL;
	b->up = false;
	b->unacknowledged = 0;
	if (was_up && b->owner.down != NULL)
		b->owner.down(b->owner.ctx);
	if (b->closing)
		return;
	if (b->refusal != 0)
		complain(b, 1000 + b->refusal, "the connection is refused",
			 eese_login_refusal(b->login, b->refusal));
	else
		complain(b, rc, was_up ? "connection lost" : "connecting", eese_login_error(rc));
	b->refusal = 0;
	plan_retry(b, now);
}

bool broker_open(struct broker *b, const struct eese_login *login, const char *what, const char *id,
		 uint32_t session_expiry, const struct broker_owner *owner)
{
	memset(b, 0, sizeof(*b));
	b->login = login;
	b->what = what;
	b->owner = *owner;
	b->session_expiry = session_expiry;
	snprintf(b->id, sizeof(b->id), "%s", id);
	return dial(b);
}

void broker_cut(struct broker *b, const char *why)
{
	const int socket = b->mosq != NULL ? mosquitto_socket(b->mosq) : -1;

	if (socket < 0)
		return;
	complain(b, 999, "giving up the connection", why);
	/* Before libmosquitto could write anything it still has. */
	if (shutdown(socket, SHUT_RDWR) != 0)
		say_debug("shutdown: %s", strerror(errno));
}

void broker_close(struct broker *b)
{
	b->closing = true;
	/* A thread that hangs in a connect() keeps what it has until the process ends. */
	b->dial = NULL;
	if (b->mosq == NULL)
		return;
	mosquitto_disconnect(b->mosq);
	for (int turn = 0; turn < CLOSE_TURNS && mosquitto_want_write(b->mosq); turn++) {
		struct pollfd p = {.fd = mosquitto_socket(b->mosq), .events = POLLOUT};

		if (poll(&p, 1, CLOSE_TURN) < 0 ||
		    mosquitto_loop_write(b->mosq, 1) != MOSQ_ERR_SUCCESS)
			break;
	}
	mosquitto_destroy(b->mosq);
	b->mosq = NULL;
	if (b->up && b->owner.down != NULL)
		b->owner.down(b->owner.ctx);
	b->up = false;
}

bool broker_publish(struct broker *b, const char *topic, const void *payload, size_t len,
		    bool retain, int *mid)
{
	if (!b->up || mosquitto_publish_v5(b->mosq, mid, topic, (int)len, payload, 1, retain,
					   NULL) != MOSQ_ERR_SUCCESS)
		return false;
	b->unacknowledged++;
	return true;
}

bool broker_subscribe(struct broker *b, char *const *filters, int count, int *mid)
{
	return b->up && mosquitto_subscribe_multiple(b->mosq, mid, count, filters, 1, 0, NULL) ==
			    MOSQ_ERR_SUCCESS;
}

bool broker_unsubscribe(struct broker *b, const char *filter, int *mid)
{
	return b->up && mosquitto_unsubscribe(b->mosq, mid, filter) == MOSQ_ERR_SUCCESS;
}

uint64_t broker_prepare(struct broker *b, struct pollfd *p, uint64_t now)
{
	p->revents = 0;
	p->events = POLLIN;
	p->fd = -1;
	if (b->dial != NULL) {
		p->fd = b->dial->event;
		return UINT64_MAX;
	}
	if (b->mosq == NULL)
		return b->retry_at > now ? b->retry_at : now;
	p->fd = mosquitto_socket(b->mosq);
	if (p->fd < 0)
		return now;
	if (mosquitto_want_write(b->mosq))
		p->events |= POLLOUT;
	return now + TICK;
}

/* The thread is done: the client is this thread's again. */
static void dialled(struct broker *b, uint64_t now)
{
	struct dial *d = b->dial;
	uint64_t done;

	/* What the thread did before it wrote is seen from here on. */
	if (read(d->event, &done, sizeof(done)) < 0)
		return;
	b->dial = NULL;
	if (d->rc == MOSQ_ERR_SUCCESS) {
		b->mosq = d->mosq;
		d->mosq = NULL;
	} else {
		complain(b, d->rc, "connecting", d->error);
		plan_retry(b, now);
	}
	dial_free(d);
}

static int serve(struct broker *b, short revents)
{
	int rc = MOSQ_ERR_SUCCESS;

	if (revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL))
		rc = mosquitto_loop_read(b->mosq, READ_PACKETS);
	if (rc != MOSQ_ERR_SUCCESS)
		return rc;
	if (b->owner.settle != NULL && !b->owner.settle(b->owner.ctx)) {
		broker_cut(b, "what came could not be kept");
		return MOSQ_ERR_CONN_LOST;
	}
	/* At once and not at the next poll(): somebody waits for what is written here. */
	if (mosquitto_want_write(b->mosq))
		rc = mosquitto_loop_write(b->mosq, 1);
	return rc == MOSQ_ERR_SUCCESS ? mosquitto_loop_misc(b->mosq) : rc;
}

void broker_done(struct broker *b, const struct pollfd *p, uint64_t now)
{
	int rc;

	if (b->dial != NULL) {
		if (p->revents != 0)
			dialled(b, now);
		return;
	}
	if (b->mosq == NULL) {
		if (now >= b->retry_at && !b->closing && !dial(b))
			plan_retry(b, now);
		return;
	}
	rc = serve(b, p->revents);
	if (rc != MOSQ_ERR_SUCCESS || mosquitto_socket(b->mosq) < 0)
		lost(b, rc, now);
}
