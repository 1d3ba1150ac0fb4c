/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <mosquitto.h>
#include <stdio.h>
#include <string.h>

#include "eese/keys.h"
#include "coap_client.h"
#include "host/say.h"

/* Digits: MCC and MNC at least, 15 by ITU-T E.212. */
enum { IMSI_MIN = 6, IMSI_MAX = 15, COAP_TOPIC_MAX = 255 };

static bool add_topic(void *target, const struct eese_option *row, const char *topic)
{
	struct options *o = target;
	char want[32];

	if (o->topic_count == OPTIONS_TOPICS_MAX) {
		snprintf(want, sizeof(want), "more than %d topics", OPTIONS_TOPICS_MAX);
		return eese_option_wrong(row, topic, want);
	}
	o->topics[o->topic_count++] = topic;
	return true;
}

/* min of its row is the enum input. */
static bool set_input(void *target, const struct eese_option *row, const char *arg)
{
	struct options *o = target;

	if (o->input != INPUT_NONE)
		return eese_option_wrong(row, arg, "one of -m -f -l -s -n only");
	o->input = (enum input)row->min;
	o->message = arg;
	return true;
}

static bool set_domain(void *target, const struct eese_option *row, const char *arg)
{
	struct options *o = target;

	o->domain = strcmp(arg, "hps") == 0 ? EESE_DOMAIN_HPS : EESE_DOMAIN_ENPS;
	return o->domain == EESE_DOMAIN_HPS || strcmp(arg, "enps") == 0 ||
	       eese_option_wrong(row, arg, "enps or hps is needed");
}

#define AT(member) offsetof(struct options, member)

static const struct eese_option rows[] = {
    {0, "ue", EESE_OPTION_TEXT, COMMAND_ALL, AT(ue), 0, 0, "UE-ID",
     "name of this device; may be left out if a key file has one line", NULL},
    {0, "key-file", EESE_OPTION_TEXT, COMMAND_BOTH, AT(key_file), 0, 0, "FILE",
     "its e2e_int_key: lines 'UE-ID 64-HEX-DIGITS'; readable by its owner only", NULL},
    {0, "usim", EESE_OPTION_TEXT, COMMAND_ALL, AT(usim), 0, 0, "FILE",
     "instead of a key file: its USIM, lines 'k HEX' and 'opc HEX'; needs --aka and --ue", NULL},
    {0, "aka", EESE_OPTION_TEXT, COMMAND_ALL, AT(aka), 0, 0, "URI",
     "the home network's AKA server, coap://HOST[:PORT]", NULL},
    {0, "imsi", EESE_OPTION_TEXT, COMMAND_ALL, AT(imsi), 0, 0, "IMSI",
     "who it is to the home network [the UE-ID]", NULL},
    {0, "domain", EESE_OPTION_CALL, COMMAND_AKA, 0, 0, 0, "DOMAIN",
     "enps, end to end, or hps, end to middle [enps]", set_domain},
    {0, "state", EESE_OPTION_TEXT, COMMAND_ALL, AT(state), 0, 0, "FILE",
     "what must survive a restart [~/.local/state/eese-ue/UE-ID.state]", NULL},
    {0, "base", EESE_OPTION_TEXT, COMMAND_BOTH, AT(base), 0, 0, "TOPIC",
     "base of the protected topics [e2e]", NULL},
    {0, "coap", EESE_OPTION_TEXT, COMMAND_BOTH, AT(coap), 0, 0, "URI",
     "a gateway, coap://HOST[:PORT] or coaps://.., in place of the broker", NULL},
    {0, "coap-psk", EESE_OPTION_TEXT, COMMAND_BOTH, AT(coap_psk), 0, 0, "FILE",
     "coaps: a line 'IDENTITY KEY', the key in hexadecimal digits; else --cafile is needed", NULL},
    {'t', "topic", EESE_OPTION_CALL, COMMAND_BOTH, 0, 0, 0, "TOPIC",
     "pub: what follows BASE/UE-ID/up/; sub: filter below down/, may be repeated [#]", add_topic},
    {'q', "qos", EESE_OPTION_NUMBER, COMMAND_BOTH, AT(qos), 0, 2, "QOS",
     "quality of service, of downlink at most 1 [1]", NULL},
    {'m', "message", EESE_OPTION_CALL, COMMAND_PUB, 0, INPUT_MESSAGE, 0, "TEXT",
     "publish this text", set_input},
    {'f', "file", EESE_OPTION_CALL, COMMAND_PUB, 0, INPUT_FILE, 0, "FILE", "publish this file",
     set_input},
    {'s', "stdin-file", EESE_OPTION_CALL, COMMAND_PUB, 0, INPUT_STDIN, 0, NULL,
     "publish all of standard input as one message", set_input},
    {'l', "stdin-line", EESE_OPTION_CALL, COMMAND_PUB, 0, INPUT_LINES, 0, NULL,
     "publish each line of standard input", set_input},
    {'n', "null-message", EESE_OPTION_CALL, COMMAND_PUB, 0, INPUT_NULL, 0, NULL,
     "publish a message of length zero", set_input},
    {0, "repeat", EESE_OPTION_NUMBER, COMMAND_PUB, AT(repeat), 1, 1000000000, "N",
     "publish -m, -f, -s or -n N times [1]", NULL},
    {0, "repeat-delay", EESE_OPTION_SECONDS, COMMAND_PUB, AT(repeat_delay), 0, 86400, "SECONDS",
     "pause between those [0]", NULL},
    {0, "wait", EESE_OPTION_SECONDS, COMMAND_ALL, AT(wait), 0, 31536000, "SECONDS",
     "give up on a message not settled, or a first key not there, after that; 0: never [60]", NULL},
    {0, "linger", EESE_OPTION_SECONDS, COMMAND_PUB, AT(linger), 0, 86400, "SECONDS",
     "how long to wait for late verdicts where MQTT gives none [1]", NULL},
    {'v', "verbose", EESE_OPTION_FLAG, COMMAND_SUB, AT(verbose), 0, 0, NULL,
     "print 'topic payload'", NULL},
    {'N', NULL, EESE_OPTION_FLAG, COMMAND_SUB, AT(no_eol), 0, 0, NULL,
     "print no newline after a payload", NULL},
    {'C', "count", EESE_OPTION_NUMBER, COMMAND_SUB, AT(count), 1, 1000000000, "N",
     "exit after N messages", NULL},
    {0, "poll", EESE_OPTION_SECONDS, COMMAND_SUB, AT(poll), 0, 86400, "SECONDS",
     "with --coap: how often to ask the gateway [5]", NULL},
    {'W', "timeout", EESE_OPTION_SECONDS, COMMAND_SUB, AT(timeout), 0, 31536000, "SECONDS",
     "exit after that time", NULL},
    {'i', "id", EESE_OPTION_TEXT, COMMAND_BOTH, AT(login.id), 0, 0, "ID",
     "client id [sub: eese-ue-UE-ID; pub: eese-ue-UE-ID-pub]", NULL},
    {'u', "username", EESE_OPTION_TEXT, COMMAND_BOTH, AT(login.username), 0, 0, "NAME",
     "MQTT username [the UE-ID]", NULL},
    {0, "events", EESE_OPTION_FLAG, COMMAND_ALL, AT(events), 0, 0, NULL,
     "print key events on stderr", NULL},
    {'d', "debug", EESE_OPTION_FLAG, COMMAND_ALL, AT(debug), 0, 0, NULL,
     "print what goes on, on stderr", NULL},
    {0, "quiet", EESE_OPTION_FLAG, COMMAND_ALL, AT(quiet), 0, 0, NULL, "print no error messages",
     NULL},
    {0, "help", EESE_OPTION_HELP, COMMAND_ALL, 0, 0, 0, NULL, "print this text", NULL},
    {0},
};

/* The tables for this command line, in the order of --help; how many there are. */
static size_t tables_of(struct options *o, struct eese_option_table tables[2])
{
	tables[0] = (struct eese_option_table){rows, o};
	tables[1] = (struct eese_option_table){eese_login_options, &o->login};
	return o->command == COMMAND_AKA ? 1 : 2;
}

static const char *name_of(enum command command)
{
	return command == COMMAND_AKA ? "aka" : command == COMMAND_PUB ? "pub" : "sub";
}

static void help(struct options *o)
{
	static const char key[] = "{--key-file FILE | --usim FILE --aka URI --ue UE-ID}";
	struct eese_option_table tables[2];

	if (o->command == COMMAND_AKA)
		printf(
		    "Usage: eese-ue aka --usim FILE --aka URI --ue UE-ID [OPTION]...\n\n"
		    "Runs AKA with the home network for a new key, which pub and sub then use.\n"
		    "They run it by themselves when they have none, or it comes to its end.\n\n");
	else if (o->command == COMMAND_PUB)
		printf(
		    "Usage: eese-ue pub %s\n"
		    "                   -t TOPIC {-m TEXT | -f FILE | -l | -s | -n} [OPTION]...\n\n"
		    "Publishes messages end-to-end protected as a device (UE).\n\n",
		    key);
	else
		printf("Usage: eese-ue sub %s [OPTION]...\n\n"
		       "Prints the downlink messages of a device (UE).\n\n",
		       key);
	eese_options_help(tables, tables_of(o, tables), o->command);
	puts("\nExit codes: 0 done; 1 a message failed or was not settled in time; 2 usage;\n"
	     "3 key file, state file or USIM; 4 connection; 5 AKA refused. More in eese-ue(1).");
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

static const char *complaint_aka(const struct options *o)
{
	char host[COAP_CLIENT_HOST_MAX + 1];
	uint16_t port;

	if (!o->aka || !o->ue)
		return "--usim needs --aka and --ue";
	if (coap_client_uri(o->aka, host, &port, NULL))
		return "--aka: coap://HOST[:PORT] is needed";
	if (o->imsi && (strspn(o->imsi, "0123456789") != strlen(o->imsi) ||
			strlen(o->imsi) < IMSI_MIN || strlen(o->imsi) > IMSI_MAX))
		return "--imsi: 6 to 15 digits are needed";
	return NULL;
}

/* A level of a topic is a segment of CoAP's path, and all of them go into one datagram. */
static const char *complaint_coap(const struct options *o)
{
	char host[COAP_CLIENT_HOST_MAX + 1];
	uint16_t port;
	bool secure;

	if (coap_client_uri(o->coap, host, &port, &secure))
		return "--coap: coap://HOST[:PORT] or coaps://HOST[:PORT] is needed";
	if (secure && !o->coap_psk && !o->login.cafile)
		return "--coap coaps://.. needs --coap-psk or --cafile";
	if (!secure && o->coap_psk)
		return "--coap-psk is for coaps://..";
	if (strchr(o->base, '/'))
		return "--coap: --base is one level there";
	if (o->command != COMMAND_PUB || o->topic_count != 1)
		return NULL;
	if (strlen(o->topics[0]) > COAP_TOPIC_MAX)
		return "-t: over CoAP a topic has 255 octets at most";
	return NULL;
}

/* What is wrong with the options as a whole, or NULL. */
static const char *complaint(const struct options *o)
{
	const char *found = NULL;

	if (o->command == COMMAND_AKA && !o->usim)
		return "--usim is needed";
	if (!o->key_file == !o->usim)
		return "one of --key-file and --usim is needed";
	if (o->usim)
		found = complaint_aka(o);
	if (found)
		return found;
	if (o->ue && !eese_ue_id_valid(o->ue, strlen(o->ue)))
		return "--ue: 1 to 64 characters of A-Za-z0-9._@- are needed";
	if (o->coap)
		found = complaint_coap(o);
	if (found)
		return found;
	if (strlen(o->base) > OPTIONS_BASE_MAX || *o->base == '\0' || !topic_ok(o->base, false))
		return "--base is not a topic";
	if (o->command == COMMAND_PUB)
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

static int usage(const struct options *o)
{
	say_error("try 'eese-ue %s --help'", name_of(o->command));
	return EXIT_USAGE;
}

static int parse(struct options *o, int argc, char *argv[])
{
	struct eese_option_table tables[2];

	switch (
	    eese_options_read(tables, tables_of(o, tables), o->command, false, argc, argv, NULL)) {
	case EESE_OPTIONS_READ:
		return GO_ON;
	case EESE_OPTIONS_HELP:
		help(o);
		return EXIT_DONE;
	case EESE_OPTIONS_WRONG:
		break;
	}
	return usage(o);
}

int options_parse(struct options *o, enum command command, int argc, char *argv[])
{
	const char *found;
	int code;

	*o = (struct options){
	    .command = command,
	    .base = "e2e",
	    .qos = 1,
	    .repeat = 1,
	    .linger = 1000,
	    .wait = 60000,
	    .poll = 5000,
	};
	eese_login_init(&o->login);
	code = parse(o, argc, argv);
	if (code != GO_ON)
		return code;
	if (command == COMMAND_SUB && o->topic_count == 0)
		o->topics[o->topic_count++] = "#";
	say_setup(o->quiet, o->debug, o->events);
	found = complaint(o);
	if (found)
		say_error("%s", found);
	if (!found && (command == COMMAND_AKA || eese_login_complete(&o->login)))
		return GO_ON;
	return usage(o);
}
