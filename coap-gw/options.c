/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eese/wire.h"
#include "host/say.h"
#include "host/whole.h"

enum { FILE_MAX = 65536, LINES_MAX = 256 };

static bool add_listen(void *target, const struct eese_option *row, const char *arg)
{
	struct options *o = target;

	if (o->listen_count == OPTIONS_LISTEN_MAX)
		return eese_option_wrong(row, arg, "that is one too many");
	o->listen[o->listen_count++] = (struct listen_at){arg, row->min != 0};
	return true;
}

#define ROW(letter, name, kind, member, min, max, arg, help)                                       \
	{                                                                                          \
		letter, name, EESE_OPTION_##kind, EESE_OPTION_EVERYWHERE,                          \
		    offsetof(struct options, member), min, max, arg, help, NULL                    \
	}
#define CALL(name, set, min, arg, help)                                                            \
	{                                                                                          \
		0, name, EESE_OPTION_CALL, EESE_OPTION_EVERYWHERE, 0, min, 0, arg, help, set       \
	}

static const struct eese_option rows[] = {
    ROW('c', "config", TEXT, config, 0, 0, "FILE", "options, one a line without the dashes"),
    CALL("listen", add_listen, 0, "ADDRESS[:PORT]",
	 "where CoAP clients come; may be repeated [[::]:5683]"),
    CALL("listen-dtls", add_listen, 1, "ADDR[:PORT]",
	 "where they come by DTLS; may be repeated [port 5684]"),
    ROW(0, "dtls-psk", TEXT, dtls_psk, 0, 0, "FILE",
	"their pre-shared keys: lines IDENTITY KEY, the key in hexadecimal digits"),
    ROW(0, "dtls-cert", TEXT, dtls_cert, 0, 0, "FILE",
	"this gateway's certificate with its chain, PEM"),
    ROW(0, "dtls-key", TEXT, dtls_key, 0, 0, "FILE", "the certificate's key, PEM"),
    ROW(0, "dtls-ca", TEXT, dtls_ca, 0, 0, "FILE",
	"CAs of clients' certificates, which are then needed, PEM"),
    ROW(0, "dtls-own-ue", FLAG, dtls_own_ue, 0, 0, NULL,
	"who comes by DTLS may speak for the UE only that its identity or certificate names"),
    ROW(0, "base", TEXT, base, 0, 0, "LEVEL", "first level of the protected topics [e2e]"),
    ROW('u', "username", TEXT, login.username, 0, 0, "NAME",
	"MQTT user name, one of the plugin's gateways [gateway]"),
    ROW('i', "id", TEXT, id, 0, 0, "ID",
	"name of this gateway, of no other at this broker [eese-coap-gw-HOSTNAME]"),
    ROW(0, "ack-timeout", SECONDS, ack_timeout, 0, 60, "SECONDS",
	"ACK_TIMEOUT of CoAP, for messages to clients [2]"),
    ROW(0, "max-retransmit", NUMBER, max_retransmit, 1, 8, "N", "MAX_RETRANSMIT of CoAP [4]"),
    ROW(0, "answer-wait", SECONDS, answer_wait, 0, 60, "SECONDS",
	"how long the broker has to take a message [10]"),
    ROW(0, "ctl-wait", SECONDS, ctl_wait, 0, 10, "SECONDS",
	"how long an EESE that must ask its key server first has to answer [0.3]"),
    ROW(0, "spool", TEXT, spool, 0, 0, "FILE",
	"where downlink is kept until its UE has it [$STATE_DIRECTORY/spool.db]"),
    ROW(0, "spool-sync", FLAG, spool_sync, 0, 0, NULL,
	"what is there survives a power cut too; slower"),
    ROW(0, "spool-max", NUMBER, spool_max, 1, 1000000, "MIB", "how large it may become [1024]"),
    ROW(0, "poll-life", SECONDS, poll_life, 60, 315360000, "SECONDS",
	"how long after its last poll downlink is kept for a UE [604800]"),
    ROW(0, "observe-check", SECONDS, observe_check, 1, 86400, "SECONDS",
	"how long an observer may hear nothing before it is asked whether it is there [3600]"),
    ROW(0, "queue-ue", NUMBER, queue_ue, 1, 100000, "N",
	"downlink messages that may wait for a UE [100]"),
    ROW(0, "queue-all", NUMBER, queue_all, 1, 10000000, "N",
	"downlink messages that may wait for all [100000]"),
    ROW(0, "max-observers", NUMBER, max_observers, 0, 1000000, "N", "observations [10000]"),
    ROW(0, "max-payload", NUMBER, max_payload, 64, EESE_MESSAGE_MAX, "OCTETS",
	"longest protected message [65557]"),
    ROW(0, "max-ues", NUMBER, max_ues, 1, 10000000, "N", "UEs remembered [100000]"),
    /* So few that a message ID, of which each takes up to three, comes round after its PUBACK. */
    ROW(0, "max-requests", NUMBER, max_requests, 1, 20000, "N", "requests open at a time [5000]"),
    ROW(0, "max-sessions", NUMBER, max_sessions, 1, 1000000, "N",
	"idle clients remembered by address [1000]"),
    ROW(0, "max-handshakes", NUMBER, max_handshakes, 1, 100000, "N",
	"DTLS handshakes under way [1000]"),
    ROW(0, "max-bodies", NUMBER, max_bodies, 1, 10000, "N", "unfinished block-wise uploads [100]"),
    ROW(0, "rate-ue", NUMBER, rate_ue, 0, 100000, "N", "requests a second of a UE; 0: any [20]"),
    ROW(0, "burst-ue", NUMBER, burst_ue, 1, 100000, "N", "how many of them at once [100]"),
    ROW(0, "rate-address", NUMBER, rate_address, 0, 100000, "N",
	"requests a second of an IPv4 address or IPv6 /64; 0: any [500]"),
    ROW(0, "burst-address", NUMBER, burst_address, 1, 1000000, "N",
	"how many of them at once [2000]"),
    ROW(0, "stats-topic", TEXT, stats_topic, 0, 0, "TOPIC",
	"where counters are published, retained [coap-gw/ID/stats]"),
    ROW(0, "stats-interval", SECONDS, stats_interval, 0, 86400, "SECONDS",
	"how often they are; 0: never [60]"),
    ROW(0, "events", FLAG, events, 0, 0, NULL, "say what happens to connections"),
    ROW('d', "debug", FLAG, debug, 0, 0, NULL, "say what goes on"),
    ROW(0, "quiet", FLAG, quiet, 0, 0, NULL, "say nothing"),
    ROW(0, "version", FLAG, version, 0, 0, NULL, "print the version"),
    ROW(0, "help", HELP, version, 0, 0, NULL, "print this text"),
    {0},
};

static void make_tables(struct options *o, struct eese_option_table tables[2])
{
	tables[0] = (struct eese_option_table){rows, o};
	tables[1] = (struct eese_option_table){eese_login_options, &o->login};
}

static int help(struct options *o)
{
	struct eese_option_table tables[2];

	make_tables(o, tables);
	puts("Usage: eese-coap-gw [OPTION]...\n\n"
	     "Carries end-to-end protected messages of devices (UEs) between CoAP and an MQTT "
	     "broker.\nIt holds no key of theirs.\n");
	eese_options_help(tables, 2, 1);
	puts("\nExit codes: 0 ended by SIGTERM or SIGINT; 1 could not go on; 2 usage; 3 a file; 4 "
	     "could not\nlisten. More in docs/coap.md.");
	return EXIT_DONE;
}

static int usage(void)
{
	say_error("try 'eese-coap-gw --help'");
	return EXIT_USAGE;
}

static int bad_file(const char *path, const char *why)
{
	say_error("%s: %s", path, why);
	return EXIT_FILES;
}

/* Reads the file into o->file, which ends with NUL. */
static int read_file(struct options *o, const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *wrong;
	size_t len;

	if (fd < 0)
		return bad_file(path, strerror(errno));
	/* Room for the two dashes and the '=' of each line. */
	o->file = calloc(1, FILE_MAX + 1);
	if (o->file == NULL) {
		close(fd);
		return bad_file(path, "out of memory");
	}
	wrong = eese_read_whole(fd, (uint8_t *)o->file, FILE_MAX, &len);
	close(fd);
	if (wrong == NULL && strlen(o->file) != len)
		wrong = "is no text";
	return wrong != NULL ? bad_file(path, wrong) : GO_ON;
}

/* "name value" becomes "--name=value"; NULL: nothing on this line, or no memory. */
static char *word_of(char *line)
{
	const size_t skip = strspn(line, " \t\r");
	char *name = line + skip, *value, *word;
	size_t end = strlen(name);

	while (end > 0 && strchr(" \t\r", name[end - 1]) != NULL)
		name[--end] = '\0';
	if (name[0] == '#' || name[0] == '\0')
		return NULL;
	value = name + strcspn(name, " \t");
	if (*value != '\0')
		*value++ = '\0';
	value += strspn(value, " \t");
	if (asprintf(&word, *value != '\0' ? "--%s=%s" : "--%s", name, value) < 0)
		return NULL;
	return word;
}

static int split_file(struct options *o, const char *path)
{
	char *rest = o->file, *line;
	size_t count = 1;

	o->words = calloc(LINES_MAX + 2, sizeof(*o->words));
	if (o->words == NULL)
		return bad_file(path, "out of memory");
	o->words[0] = strdup("eese-coap-gw");
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *word = word_of(line);

		if (word == NULL)
			continue;
		if (count > LINES_MAX) {
			free(word);
			return bad_file(path, "has too many lines");
		}
		o->words[count++] = word;
	}
	return (int)count;
}

static int read_config(struct options *o, const char *path)
{
	struct eese_option_table tables[2];
	int count = read_file(o, path);

	if (count == GO_ON)
		count = split_file(o, path);
	if (o->words == NULL || count < 1)
		return EXIT_FILES;
	make_tables(o, tables);
	if (eese_options_read(tables, 2, 1, false, count, o->words, NULL) == EESE_OPTIONS_READ)
		return GO_ON;
	say_error("that was in %s", path);
	return EXIT_USAGE;
}

/* The command line's --config, which is read before the rest, so that the rest overrides it. */
static const char *config_of(int argc, char *argv[])
{
	const char *found = NULL;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--config=", 9) == 0)
			found = argv[i] + 9;
		else if ((strcmp(argv[i], "--config") == 0 || strcmp(argv[i], "-c") == 0) &&
			 i + 1 < argc)
			found = argv[++i];
	}
	return found;
}

static const char *dtls_complaint(const struct options *o)
{
	bool listens = false;

	for (size_t i = 0; i < o->listen_count; i++)
		listens |= o->listen[i].secure;
	if (listens != (o->dtls_psk != NULL || o->dtls_cert != NULL))
		return listens ? "--listen-dtls needs --dtls-psk or --dtls-cert"
			       : "--dtls-psk and --dtls-cert are for --listen-dtls";
	if (o->dtls_own_ue && !listens)
		return "--dtls-own-ue is for --listen-dtls";
	if ((o->dtls_cert != NULL) != (o->dtls_key != NULL))
		return "--dtls-cert and --dtls-key belong together";
	return o->dtls_ca != NULL && o->dtls_cert == NULL ? "--dtls-ca needs --dtls-cert" : NULL;
}

static const char *complaint(const struct options *o)
{
	if (o->login.protocol != MQTT_PROTOCOL_V5)
		return "MQTT 5 is needed: earlier versions do not tell what was refused";
	if (*o->base == '\0' || strlen(o->base) > OPTIONS_BASE_MAX ||
	    strpbrk(o->base, "/+#") != NULL)
		return "--base: one topic level is needed";
	if (*o->id == '\0' || strlen(o->id) > 64 || strpbrk(o->id, "/+#") != NULL)
		return "--id: 1 to 64 characters without / + # are needed";
	if (o->ack_timeout < 1000)
		return "--ack-timeout: 1 or more is needed";
	if (*o->stats_topic == '\0' || *o->stats_topic == '$' ||
	    mosquitto_pub_topic_check(o->stats_topic) != MOSQ_ERR_SUCCESS)
		return "--stats-topic: a topic without + # and no $ in front is needed";
	return dtls_complaint(o);
}

static void fill_defaults(struct options *o)
{
	char host[65] = "";

	if (o->id == NULL) {
		gethostname(host, sizeof(host) - 1);
		snprintf(o->default_id, sizeof(o->default_id), "eese-coap-gw-%.50s", host);
		o->id = o->default_id;
	}
	if (o->stats_topic == NULL) {
		snprintf(o->default_stats, sizeof(o->default_stats), "coap-gw/%.64s/stats", o->id);
		o->stats_topic = o->default_stats;
	}
	if (o->spool == NULL) {
		const char *directory = getenv("STATE_DIRECTORY");

		snprintf(o->default_spool, sizeof(o->default_spool), "%s/spool.db",
			 directory != NULL ? directory : "/var/lib/eese-coap-gw");
		o->spool = o->default_spool;
	}
	if (o->listen_count == 0)
		o->listen[o->listen_count++] = (struct listen_at){"[::]:5683", false};
}

static int check(struct options *o)
{
	const char *wrong;

	fill_defaults(o);
	say_setup(o->quiet, o->debug, o->events);
	wrong = complaint(o);
	if (wrong != NULL) {
		say_error("%s", wrong);
		return usage();
	}
	return eese_login_complete(&o->login) ? GO_ON : usage();
}

static void set_defaults(struct options *o)
{
	memset(o, 0, sizeof(*o));
	eese_login_init(&o->login);
	o->login.keepalive = 10; /* a broker that hangs is noticed within one and a half of it */
	o->base = "e2e";
	o->ack_timeout = 2000;
	o->max_retransmit = 4;
	o->stats_interval = 60000;
	o->answer_wait = 10000;
	o->ctl_wait = 300;
	o->poll_life = UINT64_C(604800000);
	o->observe_check = 3600000;
	o->spool_max = 1024;
	o->queue_ue = 100;
	o->queue_all = 100000;
	o->max_observers = 10000;
	o->max_payload = EESE_MESSAGE_MAX;
	o->max_ues = 100000;
	o->max_requests = 5000;
	o->max_sessions = 1000;
	o->max_handshakes = 1000;
	o->max_bodies = 100;
	o->rate_ue = 20;
	o->burst_ue = 100;
	o->rate_address = 500;
	o->burst_address = 2000;
}

int options_parse(struct options *o, int argc, char *argv[])
{
	const char *config = config_of(argc, argv);
	struct eese_option_table tables[2];
	int code;

	set_defaults(o);
	code = config != NULL ? read_config(o, config) : GO_ON;
	if (code != GO_ON)
		return code;
	make_tables(o, tables);
	switch (eese_options_read(tables, 2, 1, false, argc, argv, NULL)) {
	case EESE_OPTIONS_HELP:
		return help(o);
	case EESE_OPTIONS_WRONG:
		return usage();
	case EESE_OPTIONS_READ:
		break;
	}
	if (o->version)
		return puts("eese-coap-gw " EESE_VERSION) < 0 ? EXIT_RUN : EXIT_DONE;
	return check(o);
}

void options_free(struct options *o)
{
	for (char **word = o->words; word != NULL && *word != NULL; word++)
		free(*word);
	free(o->words);
	free(o->file);
	eese_login_wipe(&o->login);
}
