/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/link.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "ctl/memory.h"
#include "eese/keys.h"
#include "host/hex.h"
#include "host/say.h"

enum {
	TURN = 1000,           /* milliseconds in the library at most */
	REASON_FAILURE = 0x80, /* MQTT 5: reason codes from here on are failures */
	CLOSE_TURNS = 20,
	CLOSE_TURN = 100, /* milliseconds */
};

static const char hint[] = "is the user named in plugin_opt_admins, and the plugin loaded?";

uint64_t link_now(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void end_link(struct link *l, int code, const char *what, const char *why)
{
	if (l->code != GO_ON)
		return;
	say_error("%s: %s", what, why);
	l->code = code;
}

static void on_connect(struct mosquitto *mosq, void *ctx, int reason, int flags,
		       const mosquitto_property *properties)
{
	struct link *l = ctx;

	(void)mosq;
	(void)flags;
	(void)properties;
	l->connected = reason == 0;
	if (reason != 0)
		end_link(l, EXIT_CONNECTION, "the broker refuses the connection",
			 eese_login_refusal(&l->options->login, reason));
}

/* MQTT 5 tells if the broker lets the user publish there; MQTT 3 can't. */
static void on_publish(struct mosquitto *mosq, void *ctx, int mid, int reason,
		       const mosquitto_property *properties)
{
	struct link *l = ctx;

	(void)mosq;
	(void)properties;
	if (!l->waiting || mid != l->mid || reason < REASON_FAILURE)
		return;
	end_link(l, EXIT_REFUSED, "the broker refuses the request",
		 mosquitto_reason_string(reason));
	say_error("%s", hint);
}

static void on_message(struct mosquitto *mosq, void *ctx, const struct mosquitto_message *m,
		       const mosquitto_property *properties)
{
	struct link *l = ctx;

	(void)mosq;
	(void)properties;
	if (!l->waiting || l->answer != NULL || m->retain ||
	    strcmp(m->topic, LINK_REQUEST_TOPIC "/response") != 0)
		return;
	if (m->payloadlen < 0 || m->payloadlen > LINK_ANSWER_MAX) {
		end_link(l, EXIT_REFUSED, "the broker's answer makes no sense", "too long");
		return;
	}
	l->answer_len = (size_t)m->payloadlen;
	l->answer = memory_copy(m->payload, l->answer_len);
}

/* "eese-ctl-" and random digits: the broker sends the answer to the client id, and two at the same
 * time must not throw each other out. */
static struct mosquitto *new_with_id(const struct options *o, void *ctx)
{
	uint8_t random[7];
	char id[9 + 2 * sizeof random + 1] = "eese-ctl-";

	if (o->login.id != NULL)
		return mosquitto_new(o->login.id, true, ctx);
	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return NULL;
	eese_hex_write(random, sizeof random, id + strlen(id));
	return mosquitto_new(id, true, ctx);
}

struct mosquitto *link_new_client(const struct options *o, void *ctx)
{
	struct mosquitto *mosq = new_with_id(o, ctx);
	int rc;

	if (mosq == NULL) {
		say_error("starting: %s", strerror(errno));
		return NULL;
	}
	mosquitto_log_callback_set(mosq, eese_login_log);
	rc = eese_login_apply(&o->login, mosq, NULL);
	if (rc == MOSQ_ERR_SUCCESS)
		return mosq;
	say_error("starting: %s", eese_login_error(rc));
	mosquitto_destroy(mosq);
	return NULL;
}

/* What the alarm says. */
static char alarm_text[400];

static void on_alarm(int number)
{
	const ssize_t ignored = write(STDERR_FILENO, alarm_text, strlen(alarm_text));

	(void)number;
	(void)ignored;
	_exit(EXIT_CONNECTION);
}

/* libmosquitto looks up the name, connects and shakes hands without a limit in time. Nothing is in
 * flight then, so that the program can end where it stands. ms 0: off. */
static void set_alarm(const struct options *o, const char *what, uint64_t ms)
{
	const struct sigaction action = {.sa_handler = on_alarm};
	const struct itimerval in = {.it_value = {.tv_sec = (time_t)(ms / 1000),
						  .tv_usec = (suseconds_t)(ms % 1000 * 1000)}};

	snprintf(alarm_text, sizeof alarm_text, "%s%s%s",
		 o->quiet ? "" : "eese-ctl: ", o->quiet ? "" : what,
		 o->quiet ? "" : ": no answer in time\n");
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &in, NULL);
}

int link_connect(const struct options *o, struct mosquitto *mosq)
{
	char what[336] = "connecting to ";
	int rc, saved;

	eese_login_place(&o->login, what + strlen(what));
	set_alarm(o, what, o->timeout);
	rc = eese_login_connect(&o->login, mosq, NULL);
	saved = errno;
	set_alarm(o, what, 0);
	errno = saved;
	if (rc == MOSQ_ERR_SUCCESS)
		return GO_ON;
	say_error("%s: %s", what, eese_login_error(rc));
	return EXIT_CONNECTION;
}

static bool done(const struct link *l)
{
	return l->code != GO_ON || (l->waiting ? l->answer != NULL : l->connected);
}

/* Works until it is accepted or the answer is there, or something ends the link. */
static void work(struct link *l)
{
	const uint64_t end = link_now() + l->options->timeout;
	int rc = MOSQ_ERR_SUCCESS;

	for (uint64_t now = link_now(); !done(l) && rc == MOSQ_ERR_SUCCESS; now = link_now()) {
		if (now >= end) {
			end_link(l, l->waiting ? EXIT_NO_ANSWER : EXIT_CONNECTION,
				 "no answer in time",
				 l->waiting ? hint : "does an MQTT broker listen there?");
			return;
		}
		rc = mosquitto_loop(l->mosq, end - now < TURN ? (int)(end - now) : TURN, 1);
	}
	if (rc != MOSQ_ERR_SUCCESS)
		end_link(l, EXIT_CONNECTION, l->waiting ? "connection lost" : "connecting",
			 eese_login_error(rc));
}

int link_open(struct link *l, const struct options *o)
{
	*l = (struct link){.options = o, .code = GO_ON};
	mosquitto_lib_init();
	l->mosq = link_new_client(o, l);
	if (l->mosq == NULL)
		return l->code = EXIT_CONNECTION;
	mosquitto_connect_v5_callback_set(l->mosq, on_connect);
	mosquitto_publish_v5_callback_set(l->mosq, on_publish);
	mosquitto_message_v5_callback_set(l->mosq, on_message);
	l->code = link_connect(o, l->mosq);
	work(l);
	return l->code;
}

int link_ask(struct link *l, const char *request, size_t len)
{
	int rc;

	free(l->answer);
	l->answer = NULL;
	l->waiting = true;
	rc = mosquitto_publish_v5(l->mosq, &l->mid, LINK_REQUEST_TOPIC, (int)len, request, 1, false,
				  NULL);
	if (rc != MOSQ_ERR_SUCCESS)
		end_link(l, EXIT_CONNECTION, "sending the request", eese_login_error(rc));
	work(l);
	l->waiting = false;
	return l->code;
}

/* With DISCONNECT, and the PUBACK of the answer before it. */
static void say_goodbye(struct link *l)
{
	if (mosquitto_disconnect(l->mosq) != MOSQ_ERR_SUCCESS)
		return;
	for (int i = 0; i < CLOSE_TURNS && mosquitto_want_write(l->mosq); i++)
		if (mosquitto_loop(l->mosq, CLOSE_TURN, 1) != MOSQ_ERR_SUCCESS)
			return;
}

void link_close(struct link *l)
{
	if (l->mosq != NULL) {
		if (l->connected)
			say_goodbye(l);
		mosquitto_destroy(l->mosq);
	}
	mosquitto_lib_cleanup();
	free(l->answer);
	l->mosq = NULL;
	l->answer = NULL;
}
