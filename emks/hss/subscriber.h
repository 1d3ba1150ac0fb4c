/* SPDX-License-Identifier: Apache-2.0 */
/* The HSS's subscribers: who there is, and who and what is allowed. */
#ifndef EMKS_SUBSCRIBER_H
#define EMKS_SUBSCRIBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eese/domain.h"
#include "emks/db.h"
#include "emks/hss/vector.h"

enum {
	HSS_IMSI_MIN = 6,
	HSS_IMSI_MAX = 15, /* digits, TS 23.003 2.2 */
	HSS_EESE_MAX = 64, /* characters of an EESE's name, which are those of a UE-ID */
};

struct hss_subscriber {
	int64_t id;  /* never used twice */
	int64_t sim; /* grows when K or OPc change */
	char imsi[HSS_IMSI_MAX + 1];
	char ue_id[EESE_UE_ID_MAX + 1];
	uint8_t amf[EESE_AMF_SIZE];
	bool barred;
	bool applies[EESE_DOMAINS]; /* the profile's word on each domain */
};

enum hss_verdict {
	HSS_OK,
	HSS_UNKNOWN,        /* no such subscriber */
	HSS_BARRED,         /* by the operator */
	HSS_NOT_APPLICABLE, /* the domain is not in the profile */
	HSS_NOT_ALLOWED,    /* this EESE may not ask for this subscriber */
	HSS_NOT_AUTHENTIC,  /* MAC-S did not hold */
	HSS_EXHAUSTED,      /* no SQN is left: the SIM must be replaced */
	HSS_FAILED,         /* database or PSA Crypto; db_wrong() may say more */
};

bool hss_imsi_valid(const char *imsi, size_t len);

/* By IMSI or by UE-ID, len octets of whatever came. HSS_OK, HSS_UNKNOWN or HSS_FAILED; *out is all
 * zero unless HSS_OK. */
enum hss_verdict hss_find(struct db *db, const char *who, size_t len, struct hss_subscriber *out);

/* By id. */
enum hss_verdict hss_get(struct db *db, int64_t id, struct hss_subscriber *out);

/* HSS_OK, HSS_BARRED or HSS_NOT_APPLICABLE. */
enum hss_verdict hss_applies(const struct hss_subscriber *s, enum eese_domain domain);

/* Whether this EESE may have the EnPS key of the subscriber of this UE-ID, as *out. */
enum hss_verdict hss_may_ask(struct db *db, const char *ue_id, size_t len, const char *eese,
			     struct hss_subscriber *out);

/* K and OPc, unsealed; the caller wipes. HSS_FAILED: they are not what was sealed here. */
enum hss_verdict hss_secret_of(struct db *db, const struct hss_subscriber *s,
			       struct hss_secret *out);

/* The columns of SELECT .. FROM subscriber that hss_read() reads, in this order. */
#define HSS_COLUMNS "id, imsi, ue_id, amf, barred, enps, hps, sim"
void hss_read(sqlite3_stmt *row, struct hss_subscriber *out);

#endif
