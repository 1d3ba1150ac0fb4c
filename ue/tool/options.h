/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. Letters and long names mean what they mean to mosquitto_pub and _sub. */
#ifndef EESE_TOOL_OPTIONS_H
#define EESE_TOOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eese/domain.h"
#include "host/login.h"

/* Exit codes, documented in eese-ue.1. */
enum {
	EXIT_DONE = 0,
	EXIT_MESSAGE = 1, /* a message failed or was not settled in time */
	EXIT_USAGE = 2,
	EXIT_FILES = 3,      /* key file, state file, USIM */
	EXIT_CONNECTION = 4, /* refused, not authorised, TLS; the AKA server doesn't answer */
	EXIT_AKA = 5,        /* AKA was refused, or its server is none of this USIM's */
	GO_ON = -1,          /* not an exit code: nothing ends the program yet */
};

enum command {
	COMMAND_PUB = 1,
	COMMAND_SUB = 2,
	COMMAND_BOTH = COMMAND_PUB | COMMAND_SUB,
	COMMAND_AKA = 4,
	COMMAND_ALL = COMMAND_BOTH | COMMAND_AKA,
};

enum input {
	INPUT_NONE,
	INPUT_MESSAGE, /* -m */
	INPUT_LINES,   /* -l */
	INPUT_FILE,    /* -f */
	INPUT_STDIN,   /* -s */
	INPUT_NULL,    /* -n */
};

enum { OPTIONS_TOPICS_MAX = 64, OPTIONS_BASE_MAX = 256 };

/* Strings point into argv. It is not to be copied, for the login in it. */
struct options {
	enum command command;

	struct eese_login login;
	long qos;
	bool debug, quiet, events;

	const char *ue, *key_file, *state, *base;
	const char *coap;              /* the gateway's URI; NULL: MQTT */
	const char *coap_psk;          /* NULL: with coaps certificates */
	const char *usim, *aka, *imsi; /* usim: keys come from AKA instead of a key file */
	enum eese_domain domain;
	const char *topics[OPTIONS_TOPICS_MAX];
	size_t topic_count;

	enum input input;
	const char *message; /* argument of -m or -f */
	long repeat;
	uint64_t repeat_delay, linger, wait; /* milliseconds */

	bool verbose, no_eol;
	long count;       /* 0: no end */
	uint64_t timeout; /* milliseconds, 0: none */
	uint64_t poll;    /* milliseconds between two polls over CoAP */
};

/*
 * Reads the options of one command; argv[0] is the command's name. GO_ON: *o is complete and
 * checked. Otherwise the exit code: --help was printed, or an error was said.
 */
int options_parse(struct options *o, enum command command, int argc, char *argv[]);

/* Whether the transport reports on each message if the EESE took it: MQTT 5 and CoAP, at QoS 1
 * or 2.
 */
static inline bool options_acknowledged(const struct options *o)
{
	return (o->coap || o->login.protocol == MQTT_PROTOCOL_V5) && o->qos > 0;
}

#endif
