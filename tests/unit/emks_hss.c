/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emks/hss/auc.h"
#include "emks/hss/sqn.h"
#include "emks/hss/staging.h"
#include "emks_support.h"

/* SQN as the SIM of the tests reads it out of a challenge. */
static uint64_t sqn_of(const struct vector *v)
{
	struct hss_secret secret;
	struct eese_milenage_out f;
	uint8_t sqn[EESE_SQN_SIZE];

	test_secret(&secret);
	CU_ASSERT(eese_milenage_f2345(secret.k, secret.opc, v->rand, &f) == EESE_OK);
	for (size_t i = 0; i < sizeof(sqn); i++)
		sqn[i] = v->autn[i] ^ f.ak[i];
	return sqn_read(sqn);
}

static enum hss_verdict challenge(struct auc *a, const char *who, struct vector *out)
{
	struct hss_subscriber s;

	return auc_challenge(a, EESE_DOMAIN_ENPS, who, strlen(who), &s, out);
}

static struct auc *auc_new(struct test_db *t)
{
	struct auc *a = calloc(1, sizeof(*a));

	if (!a)
		abort();
	a->db = &t->db;
	return a;
}

static void test_open(void)
{
	static const uint8_t other[EESE_KEK_SIZE] = {9};
	char wrong[DB_WRONG_SIZE] = "";
	struct test_db t;
	struct db db;

	test_db_new(&t);
	CU_ASSERT(!db_create(t.path, test_kek, wrong));
	CU_ASSERT_PTR_NOT_NULL(strstr(wrong, "exists"));
	CU_ASSERT(!db_open(&db, t.path, other, wrong));
	CU_ASSERT_PTR_NOT_NULL(strstr(wrong, "another KEK"));
	CU_ASSERT(!db_open(&db, "/tmp/eese-no-such-database", test_kek, wrong));
	CU_ASSERT_PTR_NOT_NULL(strstr(wrong, "eese-hss init"));
	CU_ASSERT(db_run(&t.db, "PRAGMA user_version = 7", ""));
	CU_ASSERT(!db_open(&db, t.path, test_kek, wrong));
	CU_ASSERT_PTR_NOT_NULL(strstr(wrong, "version"));
	test_db_free(&t);
}

/* What others may read or write, and what is no database, is left alone. */
static void test_private(void)
{
	char wrong[DB_WRONG_SIZE] = "", path[96];
	struct test_db t;
	struct db db;
	FILE *f;

	test_db_new(&t);
	for (mode_t open = S_IXOTH; open <= S_IRGRP; open <<= 1) {
		CU_ASSERT_EQUAL(chmod(t.path, S_IRUSR | S_IWUSR | open), 0);
		CU_ASSERT(!db_open(&db, t.path, test_kek, wrong));
		CU_ASSERT_PTR_NOT_NULL(strstr(wrong, "chmod 600"));
	}
	CU_ASSERT_EQUAL(chmod(t.path, S_IRUSR | S_IWUSR), 0);
	test_db_again(&t);
	(void)snprintf(path, sizeof(path), "%s/other", t.dir);
	CU_ASSERT_EQUAL(mkfifo(path, S_IRUSR | S_IWUSR), 0);
	CU_ASSERT(!db_open(&db, path, test_kek, wrong));
	CU_ASSERT_PTR_NOT_NULL(strstr(wrong, "regular"));
	CU_ASSERT_EQUAL(unlink(path), 0);
	f = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(fchmod(fileno(f), S_IRUSR | S_IWUSR), 0);
	CU_ASSERT(fputs("no database", f) >= 0);
	CU_ASSERT_EQUAL(fclose(f), 0);
	CU_ASSERT(!db_open(&db, path, test_kek, wrong));
	CU_ASSERT_EQUAL(unlink(path), 0);
	test_db_free(&t);
}

static void test_find(void)
{
	struct hss_subscriber s, added;
	struct test_db t;

	test_db_new(&t);
	added = test_add(&t, "001010000000001", "pump-1");
	CU_ASSERT_EQUAL(hss_find(&t.db, "pump-1", 6, &s), HSS_OK);
	CU_ASSERT_EQUAL(s.id, added.id);
	CU_ASSERT_STRING_EQUAL(s.imsi, "001010000000001");
	CU_ASSERT_EQUAL(hss_find(&t.db, "001010000000001", 15, &s), HSS_OK);
	CU_ASSERT_STRING_EQUAL(s.ue_id, "pump-1");
	CU_ASSERT_EQUAL(hss_find(&t.db, "pump-", 5, &s), HSS_UNKNOWN);
	CU_ASSERT(is_zero(&s, sizeof(s)));
	CU_ASSERT_EQUAL(hss_find(&t.db, "", 0, &s), HSS_UNKNOWN);
	CU_ASSERT_EQUAL(hss_find(&t.db, "pump-1\0", 7, &s), HSS_UNKNOWN);
	CU_ASSERT_EQUAL(hss_find(&t.db, "' OR 1=1 --", 11, &s), HSS_UNKNOWN);
	test_db_free(&t);
}

/* AKA asks by either name, so none may be another subscriber's other one. */
static void test_names(void)
{
	struct hss_subscriber s, second;
	struct hss_secret secret;
	struct test_db t;

	test_db_new(&t);
	test_secret(&secret);
	(void)test_add(&t, "001010000000001", "pump-1");
	second = test_add(&t, "001010000000002", "001010000000002");
	s = second;
	(void)snprintf(s.imsi, sizeof(s.imsi), "001010000000003");
	(void)snprintf(s.ue_id, sizeof(s.ue_id), "001010000000001");
	CU_ASSERT(!hss_add(&t.db, &s, &secret));
	(void)snprintf(s.ue_id, sizeof(s.ue_id), "pump-1");
	CU_ASSERT(!hss_add(&t.db, &s, &secret));
	(void)snprintf(second.ue_id, sizeof(second.ue_id), "001010000000001");
	CU_ASSERT(!hss_change(&t.db, &second));
	(void)snprintf(second.ue_id, sizeof(second.ue_id), "001010000000009");
	CU_ASSERT(hss_change(&t.db, &second));
	(void)snprintf(s.imsi, sizeof(s.imsi), "001010000000009");
	(void)snprintf(s.ue_id, sizeof(s.ue_id), "pump-3");
	CU_ASSERT(!hss_add(&t.db, &s, &secret));
	test_db_free(&t);
}

/* K and OPc are not in the file, and open only for their own IMSI. */
static void test_sealed(void)
{
	struct hss_subscriber first, second;
	struct hss_secret secret, got;
	struct test_db t;
	static char file[1 << 20];
	FILE *f;
	size_t len;

	test_db_new(&t);
	test_secret(&secret);
	first = test_add(&t, "001010000000001", "pump-1");
	second = test_add(&t, "001010000000002", "pump-2");
	CU_ASSERT_EQUAL(hss_secret_of(&t.db, &first, &got), HSS_OK);
	CU_ASSERT(eese_equal(&secret, &got, sizeof(got)));
	CU_ASSERT(db_run(&t.db,
			 "UPDATE subscriber SET secret = (SELECT secret FROM subscriber"
			 " WHERE id = ?1) WHERE id = ?2",
			 "ii", first.id, second.id));
	CU_ASSERT_EQUAL(hss_secret_of(&t.db, &second, &got), HSS_FAILED);
	CU_ASSERT(is_zero(&got, sizeof(got)));
	CU_ASSERT(db_run(&t.db, "PRAGMA wal_checkpoint(TRUNCATE)", ""));
	f = fopen(t.path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	len = fread(file, 1, sizeof(file), f);
	(void)fclose(f);
	CU_ASSERT(len > 0 && memmem(file, len, secret.k, sizeof(secret.k)) == NULL);
	CU_ASSERT(memmem(file, len, secret.opc, sizeof(secret.opc)) == NULL);
	test_db_free(&t);
}

static void test_profile(void)
{
	struct hss_subscriber s, got;
	struct test_db t;

	test_db_new(&t);
	s = test_add(&t, "001010000000001", "pump-1");
	CU_ASSERT(hss_allow(&t.db, s.id, "plant-a"));
	CU_ASSERT(hss_allow(&t.db, s.id, "plant-a"));
	CU_ASSERT_EQUAL(hss_may_ask(&t.db, "pump-1", 6, "plant-a", &got), HSS_OK);
	CU_ASSERT_EQUAL(hss_may_ask(&t.db, "pump-1", 6, "plant-b", &got), HSS_NOT_ALLOWED);
	CU_ASSERT_EQUAL(hss_may_ask(&t.db, "pump-1", 6, "", &got), HSS_NOT_ALLOWED);
	CU_ASSERT_EQUAL(hss_may_ask(&t.db, "001010000000001", 15, "plant-a", &got), HSS_UNKNOWN);
	s.applies[EESE_DOMAIN_ENPS] = false;
	CU_ASSERT(hss_change(&t.db, &s));
	CU_ASSERT_EQUAL(hss_may_ask(&t.db, "pump-1", 6, "plant-a", &got), HSS_NOT_APPLICABLE);
	CU_ASSERT_EQUAL(hss_applies(&got, EESE_DOMAIN_HPS), HSS_OK);
	CU_ASSERT_EQUAL(hss_applies(&got, EESE_DOMAINS), HSS_NOT_APPLICABLE);
	s.barred = true;
	CU_ASSERT(hss_change(&t.db, &s));
	CU_ASSERT_EQUAL(hss_may_ask(&t.db, "pump-1", 6, "plant-a", &got), HSS_BARRED);
	CU_ASSERT(hss_disallow(&t.db, s.id, "plant-a"));
	CU_ASSERT_EQUAL(hss_may_ask(&t.db, "pump-1", 6, "plant-a", &got), HSS_NOT_ALLOWED);
	CU_ASSERT(hss_delete(&t.db, s.id));
	CU_ASSERT_EQUAL(hss_may_ask(&t.db, "pump-1", 6, "plant-a", &got), HSS_UNKNOWN);
	test_db_free(&t);
}

static void test_refusals(void)
{
	struct hss_subscriber s;
	struct test_db t;
	struct vector v;
	struct auc *a;

	test_db_new(&t);
	a = auc_new(&t);
	s = test_add(&t, "001010000000001", "pump-1");
	s.barred = true;
	CU_ASSERT(hss_change(&t.db, &s));
	CU_ASSERT_EQUAL(challenge(a, "pump-1", &v), HSS_BARRED);
	CU_ASSERT(is_zero(&v, sizeof(v)));
	s.barred = false;
	s.applies[EESE_DOMAIN_ENPS] = false;
	CU_ASSERT(hss_change(&t.db, &s));
	CU_ASSERT_EQUAL(challenge(a, "pump-1", &v), HSS_NOT_APPLICABLE);
	CU_ASSERT_EQUAL(challenge(a, "nobody", &v), HSS_UNKNOWN);
	CU_ASSERT(db_run(&t.db, "UPDATE subscriber SET enps = 1, secret = x'00'", ""));
	CU_ASSERT_EQUAL(challenge(a, "pump-1", &v), HSS_FAILED);
	free(a);
	test_db_free(&t);
}

/* Whatever happens in between, the next SQN is greater than every one before. */
static void test_sqn_grows(void)
{
	uint64_t last = 0, sqn;
	struct hss_subscriber s;
	struct hss_secret secret;
	struct test_db t;
	struct vector v;
	struct auc *a;

	test_db_new(&t);
	test_secret(&secret);
	a = auc_new(&t);
	s = test_add(&t, "001010000000001", "pump-1");
	for (int i = 0; i < 200; i++) {
		CU_ASSERT_EQUAL(challenge(a, "pump-1", &v), HSS_OK);
		sqn = sqn_of(&v);
		CU_ASSERT(sqn > last);
		CU_ASSERT(i == 0 || sqn_next(last) == sqn || i % 7 == 0);
		last = sqn;
		if (i % 7 == 6) { /* kill -9 */
			free(a);
			test_db_again(&t);
			a = auc_new(&t);
		}
		/* editing never touches it */
		CU_ASSERT(hss_change(&t.db, &s) && hss_change_secret(&t.db, &s, &secret));
	}
	free(a);
	test_db_free(&t);
}

/* Two whose blocks take the same place. */
static void test_sqn_places(void)
{
	uint64_t last[2] = {0, 0};
	struct hss_subscriber s[2];
	struct test_db t;
	struct vector v;
	struct auc *a;

	test_db_new(&t);
	a = auc_new(&t);
	s[0] = test_add(&t, "001010000000001", "pump-1");
	CU_ASSERT(db_run(&t.db, "UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'subscriber'",
			 "i", s[0].id + SQN_BLOCKS - 1));
	s[1] = test_add(&t, "001010000000002", "pump-2");
	CU_ASSERT_EQUAL(s[1].id % SQN_BLOCKS, s[0].id % SQN_BLOCKS);
	for (int i = 0; i < 100; i++) {
		const int who = i % 3 == 0;

		CU_ASSERT_EQUAL(challenge(a, s[who].ue_id, &v), HSS_OK);
		CU_ASSERT(sqn_of(&v) > last[who]);
		last[who] = sqn_of(&v);
	}
	free(a);
	test_db_free(&t);
}

static void test_exhausted(void)
{
	struct hss_subscriber s;
	struct test_db t;
	struct vector v;
	struct auc *a;

	test_db_new(&t);
	a = auc_new(&t);
	s = test_add(&t, "001010000000001", "pump-1");
	CU_ASSERT(
	    db_run(&t.db, "UPDATE sqn SET reserved = ?1", "i", (int64_t)(SQN_MAX - SQN_BLOCK)));
	for (int i = 0; i < SQN_SLOTS; i++)
		CU_ASSERT_EQUAL(challenge(a, "pump-1", &v), HSS_OK);
	CU_ASSERT_EQUAL(challenge(a, "pump-1", &v), HSS_EXHAUSTED);
	CU_ASSERT(is_zero(&v, sizeof(v)));
	CU_ASSERT_EQUAL(challenge(a, "pump-1", &v), HSS_EXHAUSTED);
	(void)s;
	free(a);
	test_db_free(&t);
}

static void auts_of(const struct vector *v, uint64_t sqn, uint8_t out[VECTOR_AUTS_SIZE])
{
	static const uint8_t amf[EESE_AMF_SIZE] = {0, 0};
	struct hss_secret secret;
	struct eese_milenage_out f;
	uint8_t octets[EESE_SQN_SIZE];

	test_secret(&secret);
	sqn_write(sqn, octets);
	CU_ASSERT(eese_milenage_f2345(secret.k, secret.opc, v->rand, &f) == EESE_OK);
	for (size_t i = 0; i < sizeof(octets); i++)
		out[i] = octets[i] ^ f.ak_star[i];
	CU_ASSERT(eese_milenage_f1(secret.k, secret.opc, v->rand, octets, amf, NULL,
				   out + EESE_SQN_SIZE) == EESE_OK);
}

/* The challenge before in *v, and the one after it. */
static enum hss_verdict resync(struct auc *a, struct hss_subscriber *s, struct vector *v,
			       const uint8_t *auts)
{
	const struct vector before = *v;

	return auc_resync(a, EESE_DOMAIN_ENPS, s->id, before.rand, auts, s, v);
}

/* TS 33.102 6.3.5: the SQN after AUTS with sqn_ms, if the one before was at reserved. */
static void check_resync(uint64_t reserved, uint64_t ms, bool reset)
{
	struct hss_subscriber s;
	struct test_db t;
	struct vector v;
	uint8_t auts[VECTOR_AUTS_SIZE];
	uint64_t before;
	struct auc *a;

	test_db_new(&t);
	a = auc_new(&t);
	s = test_add(&t, "001010000000001", "pump-1");
	CU_ASSERT(db_run(&t.db, "UPDATE sqn SET reserved = ?1", "i", (int64_t)reserved));
	CU_ASSERT_EQUAL(challenge(a, "pump-1", &v), HSS_OK);
	before = sqn_of(&v);
	auts_of(&v, ms, auts);
	auts[3] ^= 1;
	CU_ASSERT_EQUAL(resync(a, &s, &v, auts), HSS_NOT_AUTHENTIC);
	CU_ASSERT_EQUAL(challenge(a, "pump-1", &v), HSS_OK);
	CU_ASSERT_EQUAL(sqn_of(&v), sqn_next(before));
	before = sqn_of(&v);
	auts_of(&v, ms, auts);
	CU_ASSERT_EQUAL(resync(a, &s, &v, auts), HSS_OK);
	CU_ASSERT_EQUAL(sqn_of(&v), sqn_next(reset ? ms : before));
	/* and it stays so */
	before = sqn_of(&v);
	free(a);
	test_db_again(&t);
	a = auc_new(&t);
	CU_ASSERT_EQUAL(challenge(a, "pump-1", &v), HSS_OK);
	CU_ASSERT(sqn_of(&v) > before);
	free(a);
	test_db_free(&t);
}

static void test_resync(void)
{
	const uint64_t far = UINT64_C(0xffff00001234);

	check_resync(0, UINT64_C(1000) << 5 | 7, true); /* behind the SIM */
	check_resync(0, far, true);                     /* beyond 32 bits: all 48 count */
	check_resync(UINT64_C(1000) << 5, UINT64_C(990) << 5, false);  /* within the window */
	check_resync((SQN_DELTA + 1000) << 5, UINT64_C(5) << 5, true); /* too far ahead */
	check_resync(far, UINT64_C(5) << 5 | 31, true);
}

static void test_resync_refused(void)
{
	uint8_t auts[VECTOR_AUTS_SIZE];
	struct hss_subscriber s;
	struct test_db t;
	struct vector v;
	struct auc *a;

	test_db_new(&t);
	a = auc_new(&t);
	s = test_add(&t, "001010000000001", "pump-1");
	CU_ASSERT_EQUAL(challenge(a, "pump-1", &v), HSS_OK);
	auts_of(&v, SQN_MAX, auts);
	CU_ASSERT_EQUAL(resync(a, &s, &v, auts), HSS_EXHAUSTED);
	CU_ASSERT(is_zero(&v, sizeof(v)));
	s.barred = true;
	CU_ASSERT(hss_change(&t.db, &s));
	CU_ASSERT_EQUAL(resync(a, &s, &v, auts), HSS_BARRED);
	CU_ASSERT(hss_delete(&t.db, s.id));
	CU_ASSERT_EQUAL(resync(a, &s, &v, auts), HSS_UNKNOWN);
	CU_ASSERT(is_zero(&s, sizeof(s)));
	free(a);
	test_db_free(&t);
}

struct conflicts {
	int count;
	int64_t last;
};

static void count_conflict(void *context, int64_t line, const char *what)
{
	struct conflicts *c = context;

	c->count++;
	c->last = line;
	CU_ASSERT_PTR_NOT_NULL(what);
}

static void stage(struct staging *s, int64_t line, const char *imsi, const char *ue_id,
		  int64_t twin)
{
	struct csv_row row = {.subscriber = {.applies = {true, false}}};
	int64_t twice;

	(void)snprintf(row.subscriber.imsi, sizeof(row.subscriber.imsi), "%s", imsi);
	(void)snprintf(row.subscriber.ue_id, sizeof(row.subscriber.ue_id), "%s", ue_id);
	test_secret(&row.secret);
	CU_ASSERT(staging_add(s, line, &row, "plant-a  plant-b", &twice));
	CU_ASSERT_EQUAL(twice, twin);
}

static void test_import(void)
{
	struct conflicts c = {0, 0};
	struct hss_subscriber s;
	struct hss_secret secret, got;
	struct staging staging;
	struct test_db t;

	test_db_new(&t);
	test_secret(&secret);
	(void)test_add(&t, "001010000000001", "pump-1");
	CU_ASSERT(staging_open(&staging, &t.db));
	stage(&staging, 2, "001010000000002", "pump-2", 0);
	stage(&staging, 3, "001010000000002", "pump-3", 2);
	stage(&staging, 4, "001010000000003", "pump-2", 2);
	stage(&staging, 5, "001010000000004", "pump-4", 0);
	CU_ASSERT(staging_begin(&staging));
	CU_ASSERT(staging_conflicts(&staging, count_conflict, &c));
	CU_ASSERT_EQUAL(c.count, 0);
	CU_ASSERT(staging_commit(&staging));
	staging_close(&staging);
	CU_ASSERT_EQUAL(hss_may_ask(&t.db, "pump-4", 6, "plant-b", &s), HSS_OK);
	CU_ASSERT_EQUAL(hss_secret_of(&t.db, &s, &got), HSS_OK);
	CU_ASSERT(eese_equal(&secret, &got, sizeof(got)));
	CU_ASSERT_EQUAL(hss_find(&t.db, "pump-3", 6, &s), HSS_UNKNOWN);
	test_db_free(&t);
}

static void test_import_conflicts(void)
{
	static const char *const rows[][2] = {
	    {"001010000000001", "other"},           /* IMSI there */
	    {"001010000000009", "pump-1"},          /* UE-ID there */
	    {"001010000000009", "001010000000001"}, /* UE-ID is an IMSI */
	    {"001010000000002", "other"},           /* IMSI is a UE-ID */
	};
	struct hss_subscriber s;
	struct staging staging;
	struct test_db t;

	test_db_new(&t);
	(void)test_add(&t, "001010000000001", "pump-1");
	(void)test_add(&t, "001010000000003", "001010000000002");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conflicts c = {0, 0};

		CU_ASSERT(staging_open(&staging, &t.db));
		stage(&staging, 2, "001010000000008", "good", 0);
		stage(&staging, 3, rows[i][0], rows[i][1], 0);
		CU_ASSERT(staging_begin(&staging));
		CU_ASSERT(staging_conflicts(&staging, count_conflict, &c));
		CU_ASSERT_EQUAL(c.count, 1);
		CU_ASSERT_EQUAL(c.last, 3);
		/* the database itself would not have it either */
		CU_ASSERT(!staging_commit(&staging));
		staging_close(&staging);
		CU_ASSERT_EQUAL(hss_find(&t.db, "good", 4, &s), HSS_UNKNOWN);
	}
	test_db_free(&t);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"opening", test_open},
	    {"others may not", test_private},
	    {"finding", test_find},
	    {"names", test_names},
	    {"sealed", test_sealed},
	    {"profile", test_profile},
	    {"refusals", test_refusals},
	    {"SQN grows", test_sqn_grows},
	    {"SQN, two in one place", test_sqn_places},
	    {"SQN at its end", test_exhausted},
	    {"resynchronisation", test_resync},
	    {"resynchronisation refused", test_resync_refused},
	    {"import", test_import},
	    {"import with conflicts", test_import_conflicts},
	};

	return run_suite("emks hss", tests, COUNT(tests));
}
