/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of subscribers, for the operator. None of them touches SQN. Each false leaves its reason
 * in db_wrong(); several are made one by db_run(BEGIN) and (COMMIT) around them.
 */
#ifndef EMKS_EDIT_H
#define EMKS_EDIT_H

#include "emks/hss/subscriber.h"

/* s->id is set. SQN starts at 0; a SIM that is further on resynchronises. */
bool hss_add(struct db *db, struct hss_subscriber *s, const struct hss_secret *secret);

/* UE-ID, AMF, barred and domains of the subscriber of this id. */
bool hss_change(struct db *db, const struct hss_subscriber *s);

/* Another K and OPc; keys that came from the old ones are gone. */
bool hss_change_secret(struct db *db, const struct hss_subscriber *s,
		       const struct hss_secret *secret);

/* Which EESEs may ask; what is so already is no error. */
bool hss_allow(struct db *db, int64_t id, const char *eese);
bool hss_disallow(struct db *db, int64_t id, const char *eese);

/* With its SQN and keys. */
bool hss_delete(struct db *db, int64_t id);

#endif
