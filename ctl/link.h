/* SPDX-License-Identifier: Apache-2.0 */
/* The MQTT side of requests: one goes to $CONTROL/eese/v1 at a time, and its answer comes back. */
#ifndef EESE_CTL_LINK_H
#define EESE_CTL_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/options.h"

#define LINK_REQUEST_TOPIC "$CONTROL/eese/v1"

enum { LINK_ANSWER_MAX = 16 << 20 };

struct link {
	const struct options *options;
	struct mosquitto *mosq;
	int code; /* GO_ON, or how the program ends */
	bool connected;

	bool waiting; /* for an answer to the message mid */
	int mid;
	char *answer; /* has a NUL at its end */
	size_t answer_len;
};

/* Connects and waits until the broker accepts. GO_ON, or an exit code (the reason was said).
 * link_close() in any case. */
int link_open(struct link *l, const struct options *o);

/* Sends a request; its answer in l->answer, until the next one. GO_ON, or an exit code (the reason
 * was said). */
int link_ask(struct link *l, const char *request, size_t len);

void link_close(struct link *l);

/* A client with callbacks still to be set, and login and TLS as the options say; NULL: the reason
 * was said. */
struct mosquitto *link_new_client(const struct options *o, void *ctx);

/* Connects it, with the time of --timeout, or else ends the program. GO_ON, or an exit code. */
int link_connect(const struct options *o, struct mosquitto *mosq);

/* Milliseconds of a clock that only goes forward. */
uint64_t link_now(void);

#endif
