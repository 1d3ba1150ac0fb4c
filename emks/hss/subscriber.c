/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/hss/subscriber.h"

#include <string.h>

#include "emks/hss/sealed.h"

bool hss_imsi_valid(const char *imsi, size_t len)
{
	if (len < HSS_IMSI_MIN || len > HSS_IMSI_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (imsi[i] < '0' || imsi[i] > '9')
			return false;
	return true;
}

void hss_read(sqlite3_stmt *row, struct hss_subscriber *out)
{
	const int amf = sqlite3_column_int(row, 3);

	memset(out, 0, sizeof *out);
	out->id = sqlite3_column_int64(row, 0);
	db_text(row, 1, out->imsi, sizeof out->imsi);
	db_text(row, 2, out->ue_id, sizeof out->ue_id);
	out->amf[0] = (uint8_t)(amf >> 8);
	out->amf[1] = (uint8_t)amf;
	out->barred = sqlite3_column_int(row, 4) != 0;
	out->applies[EESE_DOMAIN_ENPS] = sqlite3_column_int(row, 5) != 0;
	out->applies[EESE_DOMAIN_HPS] = sqlite3_column_int(row, 6) != 0;
	out->sim = sqlite3_column_int64(row, 7);
}

static enum hss_verdict take(sqlite3_stmt *row, bool failed, struct hss_subscriber *out)
{
	memset(out, 0, sizeof *out);
	if (row == NULL)
		return failed ? HSS_FAILED : HSS_UNKNOWN;
	hss_read(row, out);
	sqlite3_finalize(row);
	return HSS_OK;
}

enum hss_verdict hss_find(struct db *db, const char *who, size_t len, struct hss_subscriber *out)
{
	bool failed = false;
	sqlite3_stmt *row = NULL;

	/* All that a subscriber can be named is a UE-ID by its characters. */
	if (eese_ue_id_valid(who, len))
		row = db_row(db, &failed,
			     "SELECT " HSS_COLUMNS " FROM subscriber WHERE imsi = ?1 OR ue_id = ?1",
			     "t", who, len);
	return take(row, failed, out);
}

enum hss_verdict hss_get(struct db *db, int64_t id, struct hss_subscriber *out)
{
	bool failed;
	sqlite3_stmt *row =
	    db_row(db, &failed, "SELECT " HSS_COLUMNS " FROM subscriber WHERE id = ?1", "i", id);

	return take(row, failed, out);
}

enum hss_verdict hss_applies(const struct hss_subscriber *s, enum eese_domain domain)
{
	if (s->barred)
		return HSS_BARRED;
	return domain < EESE_DOMAINS && s->applies[domain] ? HSS_OK : HSS_NOT_APPLICABLE;
}

static enum hss_verdict is_named(struct db *db, int64_t id, const char *eese)
{
	bool failed;
	sqlite3_stmt *row =
	    db_row(db, &failed, "SELECT 1 FROM may_ask WHERE subscriber = ?1 AND eese = ?2", "is",
		   id, eese);
	const bool found = row != NULL;

	sqlite3_finalize(row);
	if (failed)
		return HSS_FAILED;
	return found ? HSS_OK : HSS_NOT_ALLOWED;
}

enum hss_verdict hss_may_ask(struct db *db, const char *ue_id, size_t len, const char *eese,
			     struct hss_subscriber *out)
{
	bool failed;
	sqlite3_stmt *row =
	    db_row(db, &failed, "SELECT " HSS_COLUMNS " FROM subscriber WHERE ue_id = ?1", "t",
		   ue_id, len);
	enum hss_verdict v = take(row, failed, out);

	/* Who may not ask learns nothing of the profile. */
	if (v == HSS_OK)
		v = is_named(db, out->id, eese);
	return v == HSS_OK ? hss_applies(out, EESE_DOMAIN_ENPS) : v;
}

enum hss_verdict hss_secret_of(struct db *db, const struct hss_subscriber *s,
			       struct hss_secret *out)
{
	bool failed;
	sqlite3_stmt *row =
	    db_row(db, &failed, "SELECT secret FROM subscriber WHERE id = ?1", "i", s->id);
	enum eese_result r;

	memset(out, 0, sizeof *out);
	if (row == NULL)
		return failed ? HSS_FAILED : HSS_UNKNOWN;
	r = hss_unseal(db->kek, s->imsi, sqlite3_column_blob(row, 0),
		       (size_t)sqlite3_column_bytes(row, 0), out);
	sqlite3_finalize(row);
	return r == EESE_OK ? HSS_OK : HSS_FAILED;
}
