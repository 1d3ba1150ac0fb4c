/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/daemon/options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "Usage: eese-emksd [--config FILE] [--NAME VALUE]...\n"
    "\n"
    "The operator's side: AKA over CoAP (HSS/AuC), and keys for EESEs over HTTPS (EMKS).\n"
    "Subscribers are kept with eese-hss.\n"
    "\n"
    "  --config FILE          lines of NAME VALUE; default " CONFIG_FILE "\n"
    "  --help, --version\n"
    "\n"
    "Settings, in the file or as options, which go before the file:\n"
    "  database PATH          made by 'eese-hss init'\n"
    "  kek_file PATH          the key that seals secrets in it; without it the systemd\n"
    "                         credential " CONFIG_KEK_CREDENTIAL "\n"
    "  https_listen ADDR:PORT for EESEs; default 127.0.0.1:8443\n"
    "  coap_listen ADDR:PORT  for devices; default 127.0.0.1:5683\n"
    "  cert PATH, key PATH    this server's certificate (PEM) and its key (mode 0600)\n"
    "  ca PATH                the CA that EESEs' certificates come from\n"
    "  crl PATH               its certificates that are no longer good\n"
    "  eese NAME IDENTITY     which client certificate is which EESE: cn:.., dns:.., uri:..;\n"
    "                         once for each\n"
    "  key_life SECONDS       how long a device's key lives; default 2592000 (30 days)\n"
    "  challenge_life SECONDS how long a device may take to answer; default 120\n"
    "  challenges COUNT       that wait for their answer, at most; default 65536\n"
    "  rate COUNT             requests a second of each EESE; 0: no limit; default 1000\n"
    "\n"
    "SIGHUP reads certificates and EESEs again. SIGTERM ends it.\n";

static int mistake(const char *what, const char *which)
{
	fprintf(stderr, "eese-emksd: %s%s; try 'eese-emksd --help'\n", what, which);
	return OPTIONS_USAGE;
}

static int take(struct options *o, const char *name, const char *value)
{
	if (strcmp(name, "config") == 0) {
		o->file = value;
		return OPTIONS_GO_ON;
	}
	if (!config_knows(name))
		return mistake("there is no option --", name);
	if (o->count == sizeof o->given / sizeof *o->given)
		return mistake("too many options", "");
	o->given[o->count].name = name;
	o->given[o->count].value = value;
	o->count++;
	return OPTIONS_GO_ON;
}

int options_read(struct options *o, int argc, char *argv[])
{
	int code = OPTIONS_GO_ON;

	for (int i = 1; i < argc && code == OPTIONS_GO_ON; i++) {
		if (strcmp(argv[i], "--help") == 0)
			return fputs(help, stdout) < 0;
		if (strcmp(argv[i], "--version") == 0)
			return puts("eese-emksd " EESE_VERSION) < 0;
		if (strncmp(argv[i], "--", 2) != 0)
			return mistake("what is ", argv[i]);
		if (i + 1 == argc)
			return mistake("a value is missing after ", argv[i]);
		code = take(o, argv[i] + 2, argv[i + 1]);
		i++;
	}
	return code;
}

static bool complete(const struct config *c, char *wrong)
{
	const char *missing = NULL;

	if (c->ca[0] == '\0')
		missing = "ca: the CA that EESEs' certificates come from";
	if (c->key[0] == '\0')
		missing = "key: the key of this server's certificate";
	if (c->cert[0] == '\0')
		missing = "cert: this server's certificate";
	if (c->database[0] == '\0')
		missing = "database: the file that 'eese-hss init' made";
	if (missing != NULL)
		snprintf(wrong, CONFIG_WRONG_SIZE, "not set: %s", missing);
	return missing == NULL;
}

bool options_config(const struct options *o, struct config *c, char wrong[CONFIG_WRONG_SIZE])
{
	struct config_given given = {{false}};
	const char *file = o->file;

	config_default(c);
	for (size_t i = 0; i < o->count; i++)
		if (!config_set(c, &given, o->given[i].name, o->given[i].value, wrong))
			return false;
	if (file == NULL && access(CONFIG_FILE, F_OK) == 0)
		file = CONFIG_FILE;
	if (file != NULL && !config_read(c, &given, file, wrong))
		return false;
	return complete(c, wrong);
}
