/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/ks/keys.h"

#include <stdio.h>
#include <string.h>

#include "emks/crypto.h"
#include "host/seal.h"

enum { SEALED_SIZE = EESE_INT_KEY_SIZE + EESE_SEAL_OVERHEAD };

/* The whole row but the key, so that nobody who can write the database lengthens a life. */
static size_t context(int64_t subscriber, enum eese_domain domain, int64_t created, int64_t expiry,
		      char *out, size_t size)
{
	return (size_t)snprintf(out, size, "eese-emks key %lld %d %lld %lld", (long long)subscriber,
				(int)domain, (long long)created, (long long)expiry);
}

/* Later than the key before, if there is one. */
static bool creation(struct db *db, int64_t subscriber, enum eese_domain domain, int64_t now,
		     int64_t *created)
{
	bool failed;
	sqlite3_stmt *row = db_row(
	    db, &failed, "SELECT created FROM domain_key WHERE subscriber = ?1 AND domain = ?2",
	    "ii", subscriber, (int64_t)domain);

	*created = now;
	if (row != NULL && sqlite3_column_int64(row, 0) >= now)
		*created = sqlite3_column_int64(row, 0) + 1;
	sqlite3_finalize(row);
	return !failed;
}

bool ks_put(struct db *db, int64_t subscriber, enum eese_domain domain,
	    const uint8_t key[EESE_INT_KEY_SIZE], int64_t now, int64_t life)
{
	uint8_t sealed[SEALED_SIZE];
	char text[128];
	int64_t created;
	size_t len;
	enum eese_result r;

	if (!creation(db, subscriber, domain, now, &created))
		return false;
	len = context(subscriber, domain, created, created + life, text, sizeof text);
	crypto_begin();
	r = eese_seal(db->kek, text, len, key, EESE_INT_KEY_SIZE, sealed);
	crypto_end();
	return r == EESE_OK &&
	       db_run(db, "INSERT OR REPLACE INTO domain_key VALUES (?1, ?2, ?3, ?4, ?5)", "iibii",
		      subscriber, (int64_t)domain, sealed, sizeof sealed, created, created + life);
}

static bool open_key(const struct db *db, const char *text, size_t text_len, const uint8_t *sealed,
		     size_t len, struct ks_key *out)
{
	bool ok;

	crypto_begin();
	ok = eese_unseal(db->kek, text, text_len, sealed, len, out->key, sizeof out->key) ==
		 EESE_OK &&
	     eese_derive_ikid(out->key, &out->ikid) == EESE_OK;
	crypto_end();
	return ok;
}

static enum ks_answer open_row(struct db *db, sqlite3_stmt *row, int64_t subscriber,
			       enum eese_domain domain, struct ks_key *out)
{
	const int64_t created = sqlite3_column_int64(row, 1), expiry = sqlite3_column_int64(row, 2);
	char text[128];
	size_t len = context(subscriber, domain, created, expiry, text, sizeof text);

	if (!open_key(db, text, len, sqlite3_column_blob(row, 0),
		      (size_t)sqlite3_column_bytes(row, 0), out)) {
		eese_wipe(out, sizeof *out);
		return KS_FAILED;
	}
	out->created = created;
	out->expiry = expiry;
	return KS_OK;
}

enum ks_answer ks_newest(struct db *db, int64_t subscriber, enum eese_domain domain, int64_t now,
			 struct ks_key *out)
{
	bool failed;
	enum ks_answer answer;
	sqlite3_stmt *row = db_row(db, &failed,
				   "SELECT sealed, created, expiry FROM domain_key"
				   " WHERE subscriber = ?1 AND domain = ?2 AND expiry > ?3",
				   "iii", subscriber, (int64_t)domain, now);

	memset(out, 0, sizeof *out);
	if (row == NULL)
		return failed ? KS_FAILED : KS_NONE;
	answer = open_row(db, row, subscriber, domain, out);
	sqlite3_finalize(row);
	return answer;
}

/* A row that has just expired stays for a day: it holds the date the next key must be later than.
 */
bool ks_sweep(struct db *db, int64_t now)
{
	return db_run(db, "DELETE FROM domain_key WHERE expiry <= ?1", "i", now - 86400);
}
