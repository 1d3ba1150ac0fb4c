/* SPDX-License-Identifier: Apache-2.0 */
/* A UE's row: what is secret in it, and its columns. */
#ifndef EESE_PLUGIN_STORE_ROW_H
#define EESE_PLUGIN_STORE_ROW_H

#include "endpoint/endpoint.h"
#include "host/seal.h"
#include "plugin/store/db.h"

/* e2e_int_key, IKID, created, expiry */
enum { EESE_ROW_SECRET = EESE_INT_KEY_SIZE + 2 + 8 + 8 };
enum { EESE_ROW_SEALED = EESE_ROW_SECRET + EESE_SEAL_OVERHEAD };

/* A change without its secret: that is sealed. */
struct eese_row {
	struct eese_change change;
	uint8_t key[EESE_ROW_SEALED]; /* if the UE has a key and it changed */
};

/* Seals the key that the UE has, bound to its UE-ID. */
EESE_MUST_CHECK enum eese_result eese_row_seal(const uint8_t kek[EESE_KEK_SIZE], const char *ue_id,
					       const struct eese_ue_saved *ue,
					       uint8_t out[EESE_ROW_SEALED]);

/* Fills has_key, key and ikid of *ue. EESE_NOT_AUTHENTIC: of another UE, changed, or another KEK.
 */
EESE_MUST_CHECK enum eese_result eese_row_unseal(const uint8_t kek[EESE_KEK_SIZE],
						 const char *ue_id, const uint8_t *sealed,
						 size_t len, struct eese_ue_saved *ue);

/* What tells a wrong KEK from a damaged row: sealed under the KEK when it was new. */
enum { EESE_KEK_CHECK_SIZE = 16 + EESE_SEAL_OVERHEAD };
EESE_MUST_CHECK enum eese_result eese_kek_check_make(const uint8_t kek[EESE_KEK_SIZE],
						     uint8_t out[EESE_KEK_CHECK_SIZE]);
EESE_MUST_CHECK enum eese_result eese_kek_check(const uint8_t kek[EESE_KEK_SIZE],
						const uint8_t *check, size_t len);

/* The statements that write rows. */
struct eese_row_statements {
	sqlite3_stmt *put_ue, *drop_ue, *put_group, *drop_group, *put_default;
};

bool eese_row_prepare(struct eese_db *db, struct eese_row_statements *out,
		      char wrong[EESE_STORE_TEXT_SIZE]);
void eese_row_finalize(struct eese_row_statements *s);

/* Writes one row, within the caller's transaction. run: of its windows. option: plugin_opt_te2e. */
bool eese_row_write(struct eese_db *db, const struct eese_row_statements *s,
		    const struct eese_row *row, int64_t run, uint32_t option,
		    char wrong[EESE_STORE_TEXT_SIZE]);

/* SELECT <EESE_ROW_COLUMNS> FROM ue, a row of which eese_row_read() takes apart. */
#define EESE_ROW_COLUMNS                                                                           \
	"ue_id, key, keep, removed, line, te2e, group_name, alg, highest_ksn, ksn, ksn_alg, rand," \
	" next, seen, before_ksn, before_alg, before_rand, before_next, before_seen, run"

/*
 * Everything but the key: that is left sealed, *sealed_len 0 if there is none, until the next
 * step. Windows older than windows_from are none. false: a value is out of its range.
 */
bool eese_row_read(sqlite3_stmt *s, int64_t windows_from, char ue_id[EESE_UE_ID_MAX + 1],
		   struct eese_ue_saved *ue, const uint8_t **sealed, size_t *sealed_len);
/* The run in which it was written. */
int64_t eese_row_run(sqlite3_stmt *s);

#endif
