/* SPDX-License-Identifier: Apache-2.0 */
/* The command line, and a file with the same options, one a line. */
#ifndef EESE_COAP_GW_OPTIONS_H
#define EESE_COAP_GW_OPTIONS_H

#include <limits.h>

#include "host/login.h"

/* Exit codes, documented in --help. */
enum {
	EXIT_DONE = 0,
	EXIT_RUN = 1,
	EXIT_USAGE = 2,
	EXIT_FILES = 3,
	EXIT_LISTEN = 4,
	GO_ON = -1, /* not an exit code */
};

enum { OPTIONS_BASE_MAX = 256, OPTIONS_LISTEN_MAX = 16 };

struct listen_at {
	const char *at; /* ADDRESS[:PORT] */
	bool secure;
};

/* Strings point into argv or into file. It is not to be copied, for the login in it. */
struct options {
	struct eese_login login;
	const char *config, *id, *base;
	struct listen_at listen[OPTIONS_LISTEN_MAX];
	size_t listen_count;
	const char *dtls_psk, *dtls_cert, *dtls_key, *dtls_ca;
	bool dtls_own_ue;
	bool debug, quiet, events, version;
	long max_ues, max_requests, max_sessions, max_bodies, max_payload, max_handshakes;
	long max_retransmit;
	long rate_ue, burst_ue, rate_address, burst_address;
	long queue_ue, queue_all, max_observers;
	long spool_max; /* MiB */
	const char *spool;
	bool spool_sync;
	const char *stats_topic;
	uint64_t stats_interval;                                  /* milliseconds; 0: never */
	uint64_t ack_timeout;                                     /* milliseconds, as all below */
	uint64_t answer_wait, ctl_wait, poll_life, observe_check; /* milliseconds */

	char *file; /* what --config named, cut into lines */
	char **words;
	char default_id[80], default_spool[PATH_MAX], default_stats[96];
};

/* GO_ON: *o is complete and checked. Otherwise the exit code. options_free() in any case. */
int options_parse(struct options *o, int argc, char *argv[]);
void options_free(struct options *o);

#endif
