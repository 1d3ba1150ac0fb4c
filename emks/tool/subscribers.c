/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "emks/ks/keys.h"
#include "emks/tool/tool.h"
#include "host/rfc3339.h"
#include "host/say.h"

int database_failed(const struct db *db)
{
	const int code = sqlite3_errcode(db->sql);

	say_error("%s", db_wrong(db));
	return code == SQLITE_CONSTRAINT ? EXIT_REFUSED : EXIT_FAILED;
}

bool find_subscriber(struct db *db, const char *who, struct hss_subscriber *s, int *code)
{
	switch (hss_find(db, who, strlen(who), s)) {
	case HSS_OK:
		return true;
	case HSS_UNKNOWN:
		say_error("there is no subscriber %s", who);
		*code = EXIT_REFUSED;
		return false;
	default:
		*code = database_failed(db);
		return false;
	}
}

static bool change_eeses(const struct options *o, struct db *db, int64_t id)
{
	for (size_t i = 0; i < o->disallow.count; i++)
		if (!hss_disallow(db, id, o->disallow.at[i]))
			return false;
	for (size_t i = 0; i < o->allow.count; i++)
		if (!hss_allow(db, id, o->allow.at[i]))
			return false;
	return true;
}

/* Ends a transaction. */
static int end(struct db *db, bool ok)
{
	int code = ok && db_run(db, "COMMIT", "") ? EXIT_DONE : database_failed(db);

	if (code != EXIT_DONE)
		db_rollback(db);
	return code;
}

struct hss_subscriber new_subscriber(void)
{
	return (struct hss_subscriber){.amf = {EESE_AMF_SEPARATION, 0},
				       .applies = {[EESE_DOMAIN_ENPS] = true}};
}

int add_run(const struct options *o, struct db *db)
{
	struct hss_subscriber s = new_subscriber();
	struct hss_secret secret;
	int code;

	if (!hss_imsi_valid(o->words[0], strlen(o->words[0]))) {
		say_error("an IMSI has 6 to 15 digits, not '%s'", o->words[0]);
		return EXIT_USAGE;
	}
	snprintf(s.imsi, sizeof s.imsi, "%s", o->words[0]);
	snprintf(s.ue_id, sizeof s.ue_id, "%s", s.imsi);
	if (!options_apply(o, &s))
		return EXIT_USAGE;
	if (o->secret == NULL) {
		say_error("add needs --secret FILE, or --secret - for standard input");
		return EXIT_USAGE;
	}
	if (!secret_read(o->secret, &secret))
		return EXIT_FAILED;
	code = end(db, db_run(db, "BEGIN IMMEDIATE", "") && hss_add(db, &s, &secret) &&
			   change_eeses(o, db, s.id));
	eese_wipe(&secret, sizeof secret);
	return code;
}

static int set(const struct options *o, struct db *db, const struct hss_secret *secret)
{
	struct hss_subscriber s;
	int code = EXIT_DONE;

	if (!db_run(db, "BEGIN IMMEDIATE", ""))
		return database_failed(db);
	if (!find_subscriber(db, o->words[0], &s, &code) || !options_apply(o, &s)) {
		db_rollback(db);
		return code != EXIT_DONE ? code : EXIT_USAGE;
	}
	return end(db, hss_change(db, &s) && change_eeses(o, db, s.id) &&
			   (o->secret == NULL || hss_change_secret(db, &s, secret)));
}

int set_run(const struct options *o, struct db *db)
{
	struct hss_secret secret = {{0}, {0}};
	int code;

	if (o->secret != NULL && !secret_read(o->secret, &secret))
		return EXIT_FAILED;
	code = set(o, db, &secret);
	eese_wipe(&secret, sizeof secret);
	return code;
}

/* Does to all that are named, or to none. */
static int each(const struct options *o, struct db *db,
		bool (*change)(struct db *db, struct hss_subscriber *s))
{
	struct hss_subscriber s;
	int code = EXIT_DONE;
	bool ok = true;

	if (!db_run(db, "BEGIN IMMEDIATE", ""))
		return database_failed(db);
	for (int i = 0; ok && i < o->count; i++) {
		if (!find_subscriber(db, o->words[i], &s, &code)) {
			db_rollback(db);
			return code;
		}
		ok = change(db, &s);
	}
	return end(db, ok);
}

static bool bar(struct db *db, struct hss_subscriber *s)
{
	s->barred = true;
	return hss_change(db, s);
}

static bool unbar(struct db *db, struct hss_subscriber *s)
{
	s->barred = false;
	return hss_change(db, s);
}

static bool delete (struct db *db, struct hss_subscriber *s)
{
	return hss_delete(db, s->id);
}

int bar_run(const struct options *o, struct db *db)
{
	return each(o, db, bar);
}

int unbar_run(const struct options *o, struct db *db)
{
	return each(o, db, unbar);
}

int delete_run(const struct options *o, struct db *db)
{
	return each(o, db, delete);
}

static void print_eeses(struct db *db, int64_t id)
{
	sqlite3_stmt *row =
	    db_query(db, "SELECT eese FROM may_ask WHERE subscriber = ?1 ORDER BY eese", "i", id);
	const char *between = "";

	while (row != NULL && sqlite3_step(row) == SQLITE_ROW) {
		printf("%s%s", between, (const char *)sqlite3_column_text(row, 0));
		between = " ";
	}
	sqlite3_finalize(row);
}

static void print_key(struct db *db, int64_t id, enum eese_domain domain)
{
	char created[EESE_RFC3339_SIZE], expiry[EESE_RFC3339_SIZE];
	struct ks_key key;

	if (ks_newest(db, id, domain, time(NULL), &key) != KS_OK) {
		puts("no key");
		return;
	}
	eese_rfc3339_write((uint64_t)key.created, created);
	eese_rfc3339_write((uint64_t)key.expiry, expiry);
	printf("key %04x from %s to %s\n", key.ikid, created, expiry);
	eese_wipe(&key, sizeof key);
}

int show_run(const struct options *o, struct db *db)
{
	struct hss_subscriber s;
	int code = EXIT_DONE;

	if (!find_subscriber(db, o->words[0], &s, &code))
		return code;
	printf("IMSI    %s\nUE-ID   %s\nAMF     %02x%02x\nbarred  %s\n", s.imsi, s.ue_id, s.amf[0],
	       s.amf[1], s.barred ? "yes" : "no");
	printf("EnPS    %s, ", s.applies[EESE_DOMAIN_ENPS] ? "applies" : "does not apply");
	print_key(db, s.id, EESE_DOMAIN_ENPS);
	printf("HPS     %s, ", s.applies[EESE_DOMAIN_HPS] ? "applies" : "does not apply");
	print_key(db, s.id, EESE_DOMAIN_HPS);
	printf("EESEs   ");
	print_eeses(db, s.id);
	puts("");
	return EXIT_DONE;
}

int list_run(const struct options *o, struct db *db)
{
	sqlite3_stmt *row = db_query(db,
				     "SELECT " HSS_COLUMNS ","
				     " (SELECT group_concat(eese, ' ') FROM may_ask"
				     "  WHERE subscriber = id)"
				     " FROM subscriber ORDER BY imsi",
				     "");
	struct hss_subscriber s;
	int r = SQLITE_ERROR;

	(void)o;
	puts("IMSI\tUE-ID\tEnPS\tHPS\tstate\tEESEs");
	while (row != NULL && (r = sqlite3_step(row)) == SQLITE_ROW) {
		const unsigned char *eeses = sqlite3_column_text(row, 8);

		hss_read(row, &s);
		printf("%s\t%s\t%s\t%s\t%s\t%s\n", s.imsi, s.ue_id,
		       s.applies[EESE_DOMAIN_ENPS] ? "yes" : "no",
		       s.applies[EESE_DOMAIN_HPS] ? "yes" : "no", s.barred ? "barred" : "active",
		       eeses != NULL ? (const char *)eeses : "");
	}
	sqlite3_finalize(row);
	return r == SQLITE_DONE ? EXIT_DONE : database_failed(db);
}
