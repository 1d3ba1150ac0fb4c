/* SPDX-License-Identifier: Apache-2.0 */
/* eese-emksd: HSS/AuC and EMKS in one process. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "emks/config.h"
#include "emks/daemon/coap.h"
#include "emks/daemon/http.h"
#include "emks/daemon/log.h"
#include "emks/daemon/notify.h"
#include "emks/daemon/options.h"
#include "emks/ks/keys.h"

enum { EXIT_START = 1, SWEEP_S = 3600 };

/* The HTTPS thread and this one have a connection to the database each. */
struct emksd {
	struct options options;
	struct config config;
	struct db hss_db, api_db;
	struct aka aka;
	struct api api;
	struct coap_server *coap;
	struct http_server *http;
	int signals;
	time_t swept;
};

static bool open_databases(struct emksd *d)
{
	const char *path = d->config.kek_file[0] != '\0' ? d->config.kek_file : NULL;
	char place[EESE_KEK_PLACE_SIZE], wrong[DB_WRONG_SIZE] = "";
	uint8_t kek[EESE_KEK_SIZE];
	const char *why = eese_kek_load(path, CONFIG_KEK_CREDENTIAL, kek, place);
	bool ok = why == NULL;

	if (!ok)
		log_error("kek_file %s: %s", place, why);
	ok = ok && db_open(&d->hss_db, d->config.database, kek, wrong) &&
	     db_open(&d->api_db, d->config.database, kek, wrong);
	if (!ok && why == NULL)
		log_error("database %s", wrong);
	eese_wipe(kek, sizeof kek);
	return ok;
}

static bool start_coap(struct emksd *d)
{
	char wrong[256];

	d->aka.auc.db = &d->hss_db;
	d->aka.key_life_s = d->config.key_life_s;
	d->aka.challenges = challenges_new(d->config.challenges, d->config.challenge_life_s);
	if (d->aka.challenges == NULL) {
		log_error("out of memory");
		return false;
	}
	d->coap = coap_server_start(d->config.coap_listen, &d->aka, wrong, sizeof wrong);
	if (d->coap == NULL)
		log_error("%s", wrong);
	return d->coap != NULL;
}

static bool start_http(struct emksd *d)
{
	char wrong[TLS_WRONG_SIZE];
	struct tls *t = tls_read(&d->config, wrong);

	d->api.db = &d->api_db;
	d->api.rates.rate = d->config.rate;
	if (t != NULL)
		d->http =
		    http_server_start(d->config.https_listen, &d->api, t, wrong, sizeof wrong);
	tls_leave(t);
	if (d->http == NULL)
		log_error("%s", wrong);
	return d->http != NULL;
}

/* Blocked in every thread and read in the loop. */
static bool take_signals(struct emksd *d)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) == 0)
		d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return d->signals >= 0;
}

static bool start(struct emksd *d)
{
	const struct rlimit no_core = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &no_core);
	if (getenv("SSLKEYLOGFILE") != NULL) {
		log_error("SSLKEYLOGFILE is set: devices' keys would be open to who reads it");
		return false;
	}
	if (eese_init() != EESE_OK || !take_signals(d)) {
		log_error("can't start: PSA Crypto or signals");
		return false;
	}
	return open_databases(d) && start_coap(d) && start_http(d);
}

/* Certificates and who they stand for are read again; the old ones stay if the new are wrong. */
static void reload(struct emksd *d)
{
	char wrong[TLS_WRONG_SIZE];
	struct config *fresh = malloc(sizeof *fresh);
	struct tls *t = NULL;

	notify_state("RELOADING=1");
	if (fresh != NULL && options_config(&d->options, fresh, wrong))
		t = tls_read(fresh, wrong);
	if (t != NULL) {
		http_server_exchange(d->http, t);
		log_note("certificates and EESEs read again");
	} else {
		log_error("reload: %s; going on with what was there",
			  fresh != NULL ? wrong : "out of memory");
	}
	tls_leave(t);
	free(fresh);
	notify_state("READY=1");
}

static void tick(struct emksd *d)
{
	const time_t now = time(NULL);
	struct timespec steady;

	clock_gettime(CLOCK_MONOTONIC, &steady);
	challenges_sweep(d->aka.challenges, steady.tv_sec);
	http_server_tick(d->http);
	if (now - d->swept < SWEEP_S && now >= d->swept)
		return;
	d->swept = now;
	if (!ks_sweep(&d->hss_db, now))
		log_event("can't delete expired keys: %s", db_wrong(&d->hss_db));
}

/* Returns at SIGTERM or SIGINT. */
static void run(struct emksd *d)
{
	struct pollfd at[2] = {
	    {.fd = d->signals, .events = POLLIN},
	    {.fd = coap_server_fd(d->coap), .events = POLLIN},
	};
	struct signalfd_siginfo signal;
	time_t second = 0;

	for (;;) {
		if (poll(at, 2, 1000) < 0 && errno != EINTR)
			return;
		while (read(d->signals, &signal, sizeof signal) == (ssize_t)sizeof signal) {
			if (signal.ssi_signo != SIGHUP)
				return;
			reload(d);
		}
		coap_server_run(d->coap);
		if (time(NULL) != second) {
			second = time(NULL);
			tick(d);
		}
	}
}

static void stop(struct emksd *d)
{
	http_server_stop(d->http);
	if (d->coap != NULL)
		coap_server_stop(d->coap);
	challenges_free(d->aka.challenges);
	db_close(&d->hss_db);
	db_close(&d->api_db);
	if (d->signals >= 0)
		close(d->signals);
}

int main(int argc, char *argv[])
{
	static struct emksd d = {.signals = -1};
	char wrong[CONFIG_WRONG_SIZE];
	int code = options_read(&d.options, argc, argv);

	if (code != OPTIONS_GO_ON)
		return code;
	if (!options_config(&d.options, &d.config, wrong)) {
		log_error("%s", wrong);
		return EXIT_START;
	}
	code = EXIT_START;
	if (start(&d)) {
		notify_state("READY=1");
		log_note("ready");
		run(&d);
		notify_state("STOPPING=1");
		log_note("stopping");
		code = 0;
	}
	stop(&d);
	return code;
}
