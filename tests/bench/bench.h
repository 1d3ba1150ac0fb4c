/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EESE_BENCH_H
#define EESE_BENCH_H

#include "admin.h"
#include "link.h"
#include "probe.h"
#include "report.h"

/* How long and how large. */
struct scale {
	bool quick;
	size_t rounds;   /* of A and B in turns */
	size_t ues;      /* each with a connection of its own */
	size_t messages; /* a round; a multiple of WINDOW */
	size_t million;  /* UEs of the large case */
	size_t long_messages, long_refreshes;
};
extern struct scale scale;

/* ---- fleet.c: a broker and its UEs ---- */

enum { PAYLOAD = 64, WINDOW = 200 };

struct fleet {
	struct broker b;
	bool plugin;
	size_t count;
	struct test_ue *keys;
	struct link *ues;
	struct link app; /* reads app/+/up/# and other/#; publishes downlink */
};

/* Further lines of the configuration may be NULL; tls: its UEs come over TLS, by pki. */
struct fleet_options {
	bool plugin;
	const char *plugin_lines, *conf_lines;
	uint16_t port; /* of a further listener that UEs use; 0: the first one */
	gnutls_certificate_credentials_t ca;
};
bool fleet_start(struct fleet *f, const struct fleet_options *o);
void fleet_stop(struct fleet *f);

/* A RAND to each UE of from..to-1, and a message under the keyset of it: the first one, or the next
 * after the one in use was expired. Those messages arrive at app. */
bool fleet_refresh(struct fleet *f, size_t from, size_t to);

/* ---- the cases ---- */

void case_octets(void);    /* octets.c */
void case_exchanges(void); /* exchanges.c */
void case_ratios(void);    /* ratios.c */
void case_gateway(void);   /* gateway_case.c */
void case_refresh(void);   /* refresh.c */
void case_hanging(void);   /* hanging.c */
void case_million(void);   /* million.c */
void case_long_run(void);  /* long_run.c */

#endif
