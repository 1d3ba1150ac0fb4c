/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <getopt.h>
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eese/keys.h"
#include "say.h"

enum kind { TEXT, FLAG, NUMBER, SECONDS, TOPIC, PROTOCOL, INPUT, HELP };

/* One option: how it is written, what it takes, which member it sets. */
struct row {
	char letter;
	const char *name;
	enum kind kind;
	enum command command;
	size_t offset;
	long min, max; /* NUMBER, SECONDS; INPUT: min is the enum input */
	const char *arg, *help;
};

#define AT(member) offsetof(struct options, member)

static const struct row rows[] = {
    {0, "ue", TEXT, COMMAND_BOTH, AT(ue), 0, 0, "UE-ID",
     "name of this device; may be left out if the key file has one line"},
    {0, "key-file", TEXT, COMMAND_BOTH, AT(key_file), 0, 0, "FILE",
     "its e2e_int_key: lines 'UE-ID 64-HEX-DIGITS'; readable by its owner only"},
    {0, "state", TEXT, COMMAND_BOTH, AT(state), 0, 0, "FILE",
     "what must survive a restart [~/.local/state/eese-ue/UE-ID.state]"},
    {0, "base", TEXT, COMMAND_BOTH, AT(base), 0, 0, "TOPIC", "base of the protected topics [e2e]"},
    {'h', "host", TEXT, COMMAND_BOTH, AT(host), 0, 0, "HOST", "broker [localhost]"},
    {'p', "port", NUMBER, COMMAND_BOTH, AT(port), 1, 65535, "PORT", "port [1883; 8883 with TLS]"},
    {'t', "topic", TOPIC, COMMAND_BOTH, 0, 0, 0, "TOPIC",
     "pub: what follows BASE/UE-ID/up/; sub: filter below down/, may be repeated [#]"},
    {'q', "qos", NUMBER, COMMAND_BOTH, AT(qos), 0, 2, "QOS", "quality of service [1]"},
    {'m', "message", INPUT, COMMAND_PUB, 0, INPUT_MESSAGE, 0, "TEXT", "publish this text"},
    {'f', "file", INPUT, COMMAND_PUB, 0, INPUT_FILE, 0, "FILE", "publish this file"},
    {'s', "stdin-file", INPUT, COMMAND_PUB, 0, INPUT_STDIN, 0, NULL,
     "publish all of standard input as one message"},
    {'l', "stdin-line", INPUT, COMMAND_PUB, 0, INPUT_LINES, 0, NULL,
     "publish each line of standard input"},
    {'n', "null-message", INPUT, COMMAND_PUB, 0, INPUT_NULL, 0, NULL,
     "publish a message of length zero"},
    {0, "repeat", NUMBER, COMMAND_PUB, AT(repeat), 1, 1000000000, "N",
     "publish -m, -f, -s or -n N times [1]"},
    {0, "repeat-delay", SECONDS, COMMAND_PUB, AT(repeat_delay), 0, 86400, "SECONDS",
     "pause between those [0]"},
    {0, "wait", SECONDS, COMMAND_PUB, AT(wait), 0, 31536000, "SECONDS",
     "give up on a message not settled after that; 0: never [60]"},
    {0, "linger", SECONDS, COMMAND_PUB, AT(linger), 0, 86400, "SECONDS",
     "how long to wait for late verdicts where MQTT gives none [1]"},
    {'v', "verbose", FLAG, COMMAND_SUB, AT(verbose), 0, 0, NULL, "print 'topic payload'"},
    {'N', NULL, FLAG, COMMAND_SUB, AT(no_eol), 0, 0, NULL, "print no newline after a payload"},
    {'C', "count", NUMBER, COMMAND_SUB, AT(count), 1, 1000000000, "N", "exit after N messages"},
    {'W', "timeout", SECONDS, COMMAND_SUB, AT(timeout), 0, 31536000, "SECONDS",
     "exit after that time"},
    {'i', "id", TEXT, COMMAND_BOTH, AT(id), 0, 0, "ID",
     "client id [sub: eese-ue-UE-ID; pub: eese-ue-UE-ID-pub]"},
    {'u', "username", TEXT, COMMAND_BOTH, AT(username), 0, 0, "NAME", "MQTT username [the UE-ID]"},
    {'P', "pw", TEXT, COMMAND_BOTH, AT(password), 0, 0, "PASSWORD", "MQTT password"},
    {'k', "keepalive", NUMBER, COMMAND_BOTH, AT(keepalive), 5, 65535, "SECONDS", "keepalive [60]"},
    {'V', "protocol-version", PROTOCOL, COMMAND_BOTH, AT(protocol), 0, 0, "VERSION",
     "mqttv5, mqttv311 or mqttv31 [mqttv5]"},
    {0, "cafile", TEXT, COMMAND_BOTH, AT(cafile), 0, 0, "FILE", "TLS: trusted CA certificates"},
    {0, "capath", TEXT, COMMAND_BOTH, AT(capath), 0, 0, "DIR", "TLS: directory of those"},
    {0, "cert", TEXT, COMMAND_BOTH, AT(cert), 0, 0, "FILE", "TLS: client certificate"},
    {0, "key", TEXT, COMMAND_BOTH, AT(key), 0, 0, "FILE", "TLS: its private key"},
    {0, "insecure", FLAG, COMMAND_BOTH, AT(insecure), 0, 0, NULL,
     "TLS: do not check the broker's name"},
    {0, "tls-version", TEXT, COMMAND_BOTH, AT(tls_version), 0, 0, "VERSION",
     "TLS: tlsv1.3, tlsv1.2, ..."},
    {0, "events", FLAG, COMMAND_BOTH, AT(events), 0, 0, NULL, "print key events on stderr"},
    {'d', "debug", FLAG, COMMAND_BOTH, AT(debug), 0, 0, NULL, "print what goes on, on stderr"},
    {0, "quiet", FLAG, COMMAND_BOTH, AT(quiet), 0, 0, NULL, "print no error messages"},
    {0, "help", HELP, COMMAND_BOTH, 0, 0, 0, NULL, "print this text"},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]), LONG_BASE = 256 };

static bool takes_argument(const struct row *r)
{
	return r->arg != NULL;
}

static void help(enum command command)
{
	const char *name = command == COMMAND_PUB ? "pub" : "sub";

	printf("Usage: eese-ue %s --key-file FILE%s [OPTION]...\n\n%s\n\n", name,
	       command == COMMAND_PUB ? " -t TOPIC {-m TEXT | -f FILE | -l | -s | -n}" : "",
	       command == COMMAND_PUB ? "Publishes messages end-to-end protected as a device (UE)."
				      : "Prints the downlink messages of a device (UE).");
	for (const struct row *r = rows; r < rows + ROWS; r++) {
		char left[64];

		if (!(r->command & command))
			continue;
		snprintf(left, sizeof(left), "  %c%c%s %s%s %s", r->letter ? '-' : ' ',
			 r->letter ? r->letter : ' ', r->letter && r->name ? "," : " ",
			 r->name ? "--" : "", r->name ? r->name : "",
			 takes_argument(r) ? r->arg : "");
		printf("%-34s%s\n", left, r->help);
	}
	puts("\nExit codes: 0 done; 1 a message failed or was not settled in time; 2 usage;\n"
	     "3 key or state file; 4 connection. More in eese-ue(1).");
}

static void spell(const struct row *r, char out[64])
{
	if (r->name)
		snprintf(out, 64, "--%s", r->name);
	else
		snprintf(out, 64, "-%c", r->letter);
}

static bool wrong(const struct row *r, const char *arg, const char *want)
{
	char name[64];

	spell(r, name);
	say_error("%s %s: %s", name, arg, want);
	return false;
}

static bool set_number(const struct row *r, const char *arg, long *out)
{
	char want[80];
	char *end;
	const long value = strtol(arg, &end, 10);

	if (end != arg && *end == '\0' && value >= r->min && value <= r->max) {
		*out = value;
		return true;
	}
	snprintf(want, sizeof(want), "a number from %ld to %ld is needed", r->min, r->max);
	return wrong(r, arg, want);
}

static bool set_seconds(const struct row *r, const char *arg, uint64_t *out)
{
	char *end;
	const double value = strtod(arg, &end);

	/* Written so that a NaN fails too. */
	if (end == arg || *end != '\0' || !(value >= 0 && value <= (double)r->max))
		return wrong(r, arg, "a number of seconds is needed");
	*out = (uint64_t)(value * 1000);
	return true;
}

static bool set_protocol(const struct row *r, const char *arg, int *out)
{
	static const struct {
		const char *name;
		int version;
	} names[] = {
	    {"mqttv5", MQTT_PROTOCOL_V5},     {"5", MQTT_PROTOCOL_V5},
	    {"mqttv311", MQTT_PROTOCOL_V311}, {"311", MQTT_PROTOCOL_V311},
	    {"mqttv31", MQTT_PROTOCOL_V31},   {"31", MQTT_PROTOCOL_V31},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(arg, names[i].name) == 0) {
			*out = names[i].version;
			return true;
		}
	return wrong(r, arg, "mqttv5, mqttv311 or mqttv31 is needed");
}

static bool add_topic(struct options *o, const char *topic)
{
	if (o->topic_count == OPTIONS_TOPICS_MAX) {
		say_error("more than %d topics", OPTIONS_TOPICS_MAX);
		return false;
	}
	o->topics[o->topic_count++] = topic;
	return true;
}

static bool set(struct options *o, const struct row *r, const char *arg)
{
	void *member = (char *)o + r->offset;

	switch (r->kind) {
	case TEXT:
		*(const char **)member = arg;
		return true;
	case FLAG:
		*(bool *)member = true;
		return true;
	case NUMBER:
		return set_number(r, arg, member);
	case SECONDS:
		return set_seconds(r, arg, member);
	case PROTOCOL:
		return set_protocol(r, arg, member);
	case TOPIC:
		return add_topic(o, arg);
	case INPUT:
		o->input_twice = o->input != INPUT_NONE;
		o->input = (enum input)r->min;
		o->message = arg;
		return !o->input_twice || wrong(r, arg ? arg : "", "one of -m -f -l -s -n only");
	case HELP:
		break;
	}
	return false;
}

/* The row getopt_long() found, by letter or by index. */
static const struct row *row_of(int found)
{
	if (found >= LONG_BASE && found < LONG_BASE + ROWS)
		return &rows[found - LONG_BASE];
	for (const struct row *r = rows; r < rows + ROWS; r++)
		if (r->letter && r->letter == found)
			return r;
	return NULL;
}

static void getopt_tables(enum command command, char letters[2 * ROWS + 2],
			  struct option longs[ROWS + 1])
{
	char *next = letters;
	struct option *next_long = longs;

	*next++ = ':';
	for (int i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];

		if (!(r->command & command))
			continue;
		if (r->letter)
			*next++ = r->letter;
		if (r->letter && takes_argument(r))
			*next++ = ':';
		if (r->name)
			*next_long++ = (struct option){
			    r->name, takes_argument(r) ? required_argument : no_argument, NULL,
			    LONG_BASE + i};
	}
	*next = '\0';
	memset(next_long, 0, sizeof(*next_long));
}

static bool topic_ok(const char *topic, bool filter)
{
	const size_t len = strlen(topic);

	if (len > EESE_TOPIC_MAX || mosquitto_validate_utf8(topic, (int)len) != MOSQ_ERR_SUCCESS)
		return false;
	if (len == 0)
		return !filter;
	return (filter ? mosquitto_sub_topic_check(topic) : mosquitto_pub_topic_check(topic)) ==
	       MOSQ_ERR_SUCCESS;
}

static const char *complaint_tls(const struct options *o)
{
	if ((o->cert == NULL) != (o->key == NULL))
		return "--cert and --key go together";
	if (o->cert && !o->cafile && !o->capath)
		return "--cert needs --cafile or --capath";
	if (!o->tls && (o->insecure || o->tls_version))
		return "--insecure and --tls-version need --cafile, --capath or port 8883";
	return NULL;
}

static const char *complaint_pub(const struct options *o)
{
	if (o->topic_count != 1)
		return "one topic is needed: -t";
	if (o->input == INPUT_NONE)
		return "nothing to publish: one of -m -f -l -s -n is needed";
	if (o->input == INPUT_LINES && (o->repeat > 1 || o->repeat_delay > 0))
		return "--repeat does not go with -l";
	return NULL;
}

/* What is wrong with the options as a whole, or NULL. */
static const char *complaint(const struct options *o)
{
	const char *found = complaint_tls(o);

	if (!o->key_file)
		return "--key-file is needed";
	if (o->ue && !eese_ue_id_valid(o->ue, strlen(o->ue)))
		return "--ue: 1 to 64 characters of A-Za-z0-9._@- are needed";
	if (strlen(o->base) > OPTIONS_BASE_MAX || *o->base == '\0' || !topic_ok(o->base, false))
		return "--base is not a topic";
	if (!found && o->command == COMMAND_PUB)
		found = complaint_pub(o);
	if (found)
		return found;
	for (size_t i = 0; i < o->topic_count; i++)
		if (!topic_ok(o->topics[i], o->command == COMMAND_SUB))
			return o->command == COMMAND_SUB
				   ? "-t: not a topic filter"
				   : "-t: not a topic, or longer than 1024 octets";
	return NULL;
}

static void fill_defaults(struct options *o)
{
	o->tls = o->cafile || o->capath || o->port == 8883;
	if (o->port == 0)
		o->port = o->tls ? 8883 : 1883;
	if (o->command == COMMAND_SUB && o->topic_count == 0)
		o->topics[o->topic_count++] = "#";
}

static int usage(const struct options *o)
{
	say_error("try 'eese-ue %s --help'", o->command == COMMAND_PUB ? "pub" : "sub");
	return EXIT_USAGE;
}

static int parse(struct options *o, int argc, char *argv[])
{
	char letters[2 * ROWS + 2];
	struct option longs[ROWS + 1];
	int found;

	getopt_tables(o->command, letters, longs);
	while ((found = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct row *r = row_of(found);

		if (found == ':')
			say_error("%s needs an argument", argv[optind - 1]);
		else if (!r)
			say_error("%s: no such option", argv[optind - 1]);
		if (!r)
			return usage(o);
		if (r->kind == HELP) {
			help(o->command);
			return EXIT_DONE;
		}
		if (!set(o, r, optarg))
			return usage(o);
	}
	if (optind < argc) {
		say_error("%s: what is that for?", argv[optind]);
		return usage(o);
	}
	return GO_ON;
}

int options_parse(struct options *o, enum command command, int argc, char *argv[])
{
	const char *found;
	int code;

	*o = (struct options){
	    .command = command,
	    .host = "localhost",
	    .base = "e2e",
	    .qos = 1,
	    .keepalive = 60,
	    .protocol = MQTT_PROTOCOL_V5,
	    .repeat = 1,
	    .linger = 1000,
	    .wait = 60000,
	};
	code = parse(o, argc, argv);
	if (code != GO_ON)
		return code;
	fill_defaults(o);
	say_setup(o->quiet, o->debug, o->events);
	found = complaint(o);
	if (!found)
		return GO_ON;
	say_error("%s", found);
	return usage(o);
}

bool options_acknowledged(const struct options *o)
{
	return o->protocol == MQTT_PROTOCOL_V5 && o->qos > 0;
}
