/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/hss/edit.h"

#include "emks/hss/sealed.h"

static int64_t amf_of(const struct hss_subscriber *s)
{
	return s->amf[0] << 8 | s->amf[1];
}

bool hss_add(struct db *db, struct hss_subscriber *s, const struct hss_secret *secret)
{
	uint8_t sealed[HSS_SEALED_SIZE];

	if (hss_seal(db->kek, s->imsi, secret, sealed) != EESE_OK ||
	    !db_run(db,
		    "INSERT INTO subscriber (imsi, ue_id, secret, amf, barred, enps, hps)"
		    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
		    "ssbiiii", s->imsi, s->ue_id, sealed, sizeof sealed, amf_of(s),
		    (int64_t)s->barred, (int64_t)s->applies[EESE_DOMAIN_ENPS],
		    (int64_t)s->applies[EESE_DOMAIN_HPS]))
		return false;
	s->id = sqlite3_last_insert_rowid(db->sql);
	return true;
}

bool hss_change(struct db *db, const struct hss_subscriber *s)
{
	return db_run(db,
		      "UPDATE subscriber SET ue_id = ?2, amf = ?3, barred = ?4, enps = ?5, hps = ?6"
		      " WHERE id = ?1",
		      "isiiii", s->id, s->ue_id, amf_of(s), (int64_t)s->barred,
		      (int64_t)s->applies[EESE_DOMAIN_ENPS], (int64_t)s->applies[EESE_DOMAIN_HPS]);
}

bool hss_change_secret(struct db *db, const struct hss_subscriber *s,
		       const struct hss_secret *secret)
{
	uint8_t sealed[HSS_SEALED_SIZE];

	return hss_seal(db->kek, s->imsi, secret, sealed) == EESE_OK &&
	       db_run(db, "UPDATE subscriber SET secret = ?2, sim = sim + 1 WHERE id = ?1", "ib",
		      s->id, sealed, sizeof sealed);
}

bool hss_allow(struct db *db, int64_t id, const char *eese)
{
	return db_run(db, "INSERT OR IGNORE INTO may_ask VALUES (?1, ?2)", "is", id, eese);
}

bool hss_disallow(struct db *db, int64_t id, const char *eese)
{
	return db_run(db, "DELETE FROM may_ask WHERE subscriber = ?1 AND eese = ?2", "is", id,
		      eese);
}

bool hss_delete(struct db *db, int64_t id)
{
	return db_run(db, "DELETE FROM subscriber WHERE id = ?1", "i", id);
}
