/* SPDX-License-Identifier: Apache-2.0 */
/* AKA's server as a whole, apart from CoAP; its SIM is MILENAGE by hand. */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "emks/daemon/aka.h"
#include "emks/ks/keys.h"
#include "emks_support.h"

enum { LIFE = 86400 };

static struct aka_time now;

static struct aka *aka_new(struct test_db *t)
{
	struct aka *a = calloc(1, sizeof(*a));

	test_db_new(t);
	if (!a)
		abort();
	now = (struct aka_time){.steady = 1000, .unix = 1800000000};
	a->auc.db = &t->db;
	a->key_life_s = LIFE;
	a->challenges = challenges_new(16, 60);
	return a;
}

static void aka_free(struct aka *a, struct test_db *t)
{
	challenges_free(a->challenges);
	free(a);
	test_db_free(t);
}

static void start(struct aka *a, enum eese_domain domain, const char *who, struct aka_answer *out)
{
	aka_start(a, &now, domain, who, strlen(who), out);
}

/* What the SIM of every subscriber here answers. */
static void answer_of(const struct aka_answer *challenge, struct eese_milenage_out *out)
{
	struct hss_secret secret;

	test_secret(&secret);
	CU_ASSERT(eese_milenage_f2345(secret.k, secret.opc, challenge->payload, out) == EESE_OK);
}

static int finish(struct aka *a, enum eese_domain domain, const char *token, const uint8_t *res,
		  size_t len)
{
	struct aka_answer out;

	aka_finish(a, &now, domain, token, strlen(token), res, len, &out);
	CU_ASSERT(out.code == 204 ? out.len == 4 : out.len == 0);
	return out.code;
}

static enum ks_answer newest(struct test_db *t, enum eese_domain domain, struct ks_key *out)
{
	struct hss_subscriber s;

	CU_ASSERT_EQUAL(hss_find(&t->db, "pump-1", 6, &s), HSS_OK);
	return ks_newest(&t->db, s.id, domain, now.unix, out);
}

static void check_run(enum eese_domain domain, uint8_t amf_low)
{
	const enum eese_domain other =
	    domain == EESE_DOMAIN_ENPS ? EESE_DOMAIN_HPS : EESE_DOMAIN_ENPS;
	struct eese_milenage_out f;
	struct aka_answer c, again;
	uint8_t key[EESE_INT_KEY_SIZE];
	struct test_db t;
	struct ks_key k;
	struct aka *a = aka_new(&t);

	(void)test_add(&t, "001010000000001", "pump-1");
	start(a, domain, "pump-1", &c);
	CU_ASSERT_EQUAL(c.code, 201);
	CU_ASSERT_EQUAL(c.len, 32);
	CU_ASSERT_EQUAL(c.payload[16 + 6], 0x80);
	CU_ASSERT_EQUAL(c.payload[16 + 7], amf_low);
	answer_of(&c, &f);
	CU_ASSERT_EQUAL(newest(&t, domain, &k), KS_NONE);
	CU_ASSERT_EQUAL(finish(a, other, c.token, f.res, sizeof(f.res)), 404);
	CU_ASSERT_EQUAL(finish(a, domain, c.token, f.res, sizeof(f.res)), 204);
	CU_ASSERT_EQUAL(newest(&t, domain, &k), KS_OK);
	CU_ASSERT(eese_derive_domain_key(domain, f.ck, f.ik, key) == EESE_OK);
	CU_ASSERT(eese_equal(k.key, key, sizeof(key)));
	CU_ASSERT_EQUAL(k.expiry, now.unix + LIFE);
	CU_ASSERT_EQUAL(newest(&t, other, &k), KS_NONE);
	/* the answer was lost: the same again, and no other key */
	now.unix += 7;
	now.steady += 7;
	aka_finish(a, &now, domain, c.token, TOKEN_TEXT, f.res, sizeof(f.res), &again);
	CU_ASSERT_EQUAL(again.code, 204);
	CU_ASSERT(is_hex(again.payload, 4, "00015179"));
	CU_ASSERT_EQUAL(newest(&t, domain, &k), KS_OK);
	CU_ASSERT_EQUAL(k.expiry, now.unix - 7 + LIFE);
	aka_free(a, &t);
}

static void test_run(void)
{
	check_run(EESE_DOMAIN_ENPS, 0x45);
	check_run(EESE_DOMAIN_HPS, 0x48);
}

/* One try a challenge, whatever is wrong with it; other challenges live on. */
static void test_wrong_res(void)
{
	static const size_t lengths[] = {0, 4, 7, 9, 16};
	uint8_t res[16] = {0};
	struct eese_milenage_out f;
	struct aka_answer c, other;
	struct test_db t;
	struct ks_key k;
	struct aka *a = aka_new(&t);

	(void)test_add(&t, "001010000000001", "pump-1");
	start(a, EESE_DOMAIN_ENPS, "pump-1", &other);
	for (size_t bit = 0; bit < 64; bit++) {
		start(a, EESE_DOMAIN_ENPS, "pump-1", &c);
		answer_of(&c, &f);
		f.res[bit / 8] ^= (uint8_t)(1U << bit % 8);
		CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, c.token, f.res, 8), 401);
		f.res[bit / 8] ^= (uint8_t)(1U << bit % 8);
		CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, c.token, f.res, 8), 404);
		if (bit % 8 == 0)
			start(a, EESE_DOMAIN_ENPS, "pump-1", &other);
	}
	for (size_t i = 0; i < COUNT(lengths); i++) {
		start(a, EESE_DOMAIN_ENPS, "pump-1", &c);
		answer_of(&c, &f);
		memcpy(res, f.res, sizeof(f.res));
		CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, c.token, res, lengths[i]), 401);
	}
	CU_ASSERT_EQUAL(newest(&t, EESE_DOMAIN_ENPS, &k), KS_NONE);
	answer_of(&other, &f);
	CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, other.token, f.res, 8), 204);
	/* once done, a wrong one takes nothing back */
	f.res[0] ^= 1;
	CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, other.token, f.res, 8), 401);
	f.res[0] ^= 1;
	CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, other.token, f.res, 8), 204);
	aka_free(a, &t);
}

/* What the operator changes counts at once, also in the middle of a run. */
static void test_changes(void)
{
	struct hss_secret secret;
	struct eese_milenage_out f;
	struct hss_subscriber s;
	struct aka_answer c;
	struct test_db t;
	struct ks_key k;
	struct aka *a = aka_new(&t);

	test_secret(&secret);
	s = test_add(&t, "001010000000001", "pump-1");
	start(a, EESE_DOMAIN_ENPS, "pump-1", &c);
	answer_of(&c, &f);
	s.barred = true;
	CU_ASSERT(hss_change(&t.db, &s));
	CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, c.token, f.res, 8), 403);
	CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, c.token, f.res, 8), 404);
	start(a, EESE_DOMAIN_ENPS, "pump-1", &c);
	CU_ASSERT_EQUAL(c.code, 403);
	s.barred = false;
	CU_ASSERT(hss_change(&t.db, &s));
	/* another SIM: the old one's answer is worth nothing */
	start(a, EESE_DOMAIN_ENPS, "pump-1", &c);
	answer_of(&c, &f);
	CU_ASSERT(hss_change_secret(&t.db, &s, &secret));
	CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, c.token, f.res, 8), 403);
	CU_ASSERT_EQUAL(newest(&t, EESE_DOMAIN_ENPS, &k), KS_NONE);
	start(a, EESE_DOMAIN_ENPS, "pump-1", &c);
	answer_of(&c, &f);
	CU_ASSERT(hss_delete(&t.db, s.id));
	CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, c.token, f.res, 8), 403);
	aka_free(a, &t);
}

/* The operator's command line is a process of its own: what it does the moment before the key is
 * kept. */
struct last_moment {
	struct test_db operators;
	struct hss_subscriber s;
	bool done;
};

static int exchange_sim(unsigned what, void *context, void *statement, void *sql)
{
	struct last_moment *m = context;
	struct hss_secret secret;

	(void)what;
	(void)statement;
	test_secret(&secret);
	if (!m->done && strncmp(sql, "BEGIN", 5) == 0)
		m->done = hss_change_secret(&m->operators.db, &m->s, &secret);
	return 0;
}

static void test_last_moment(void)
{
	struct eese_milenage_out f;
	struct last_moment m = {.done = false};
	struct aka_answer c;
	struct test_db t;
	struct ks_key k;
	struct aka *a = aka_new(&t);

	m.s = test_add(&t, "001010000000001", "pump-1");
	test_db_beside(&m.operators, &t);
	start(a, EESE_DOMAIN_ENPS, "pump-1", &c);
	answer_of(&c, &f);
	CU_ASSERT_EQUAL(sqlite3_trace_v2(t.db.sql, SQLITE_TRACE_STMT, exchange_sim, &m), SQLITE_OK);
	CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, c.token, f.res, 8), 403);
	CU_ASSERT(m.done);
	CU_ASSERT_EQUAL(newest(&t, EESE_DOMAIN_ENPS, &k), KS_NONE);
	db_close(&m.operators.db);
	aka_free(a, &t);
}

static void test_unknown(void)
{
	struct aka_answer c;
	struct test_db t;
	struct aka *a = aka_new(&t);

	start(a, EESE_DOMAIN_ENPS, "nobody", &c);
	CU_ASSERT_EQUAL(c.code, 403);
	CU_ASSERT_EQUAL(c.len, 0);
	CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, "AAAAAAAAAAAAAAAA", (uint8_t[8]){0}, 8), 404);
	aka_resync(a, &now, EESE_DOMAIN_ENPS, "AAAAAAAAAAAAAAAA", 16, (uint8_t[14]){0}, 14, &c);
	CU_ASSERT_EQUAL(c.code, 404);
	aka_free(a, &t);
}

/* Nothing is given out that is not durable, and why not is there to be told after the rollback. */
static void test_disk_full(void)
{
	struct eese_milenage_out f;
	struct aka_answer c, other;
	struct test_db t;
	struct ks_key k;
	struct aka *a = aka_new(&t);

	(void)test_add(&t, "001010000000001", "pump-1");
	(void)test_add(&t, "001010000000002", "pump-2");
	start(a, EESE_DOMAIN_ENPS, "pump-1", &c);
	answer_of(&c, &f);
	CU_ASSERT(db_run(&t.db,
			 "CREATE TEMP TRIGGER full1 BEFORE UPDATE ON sqn"
			 " BEGIN SELECT RAISE(ABORT, 'no room'); END",
			 ""));
	CU_ASSERT(db_run(&t.db,
			 "CREATE TEMP TRIGGER full2 BEFORE INSERT ON domain_key"
			 " BEGIN SELECT RAISE(ROLLBACK, 'no room'); END",
			 ""));
	start(a, EESE_DOMAIN_ENPS, "pump-2", &other);
	CU_ASSERT_EQUAL(other.code, 503);
	CU_ASSERT_STRING_EQUAL(db_wrong(&t.db), "no room");
	CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, c.token, f.res, 8), 503);
	CU_ASSERT_STRING_EQUAL(db_wrong(&t.db), "no room");
	CU_ASSERT_EQUAL(newest(&t, EESE_DOMAIN_ENPS, &k), KS_NONE);
	CU_ASSERT(db_run(&t.db, "DROP TRIGGER full1", ""));
	CU_ASSERT(db_run(&t.db, "DROP TRIGGER full2", ""));
	start(a, EESE_DOMAIN_ENPS, "pump-2", &other);
	CU_ASSERT_EQUAL(other.code, 201);
	CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, c.token, f.res, 8), 204);
	aka_free(a, &t);
}

static void test_bad_auts(void)
{
	uint8_t auts[20] = {0};
	struct eese_milenage_out f;
	struct aka_answer c, out;
	struct test_db t;
	struct aka *a = aka_new(&t);

	(void)test_add(&t, "001010000000001", "pump-1");
	for (size_t len = 0; len <= sizeof(auts); len++) {
		start(a, EESE_DOMAIN_ENPS, "pump-1", &c);
		aka_resync(a, &now, EESE_DOMAIN_ENPS, c.token, TOKEN_TEXT, auts, len, &out);
		CU_ASSERT_EQUAL(out.code, 401);
		answer_of(&c, &f);
		CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, c.token, f.res, 8), 404);
	}
	/* nor after RES */
	start(a, EESE_DOMAIN_ENPS, "pump-1", &c);
	answer_of(&c, &f);
	CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, c.token, f.res, 8), 204);
	aka_resync(a, &now, EESE_DOMAIN_ENPS, c.token, TOKEN_TEXT, auts, 14, &out);
	CU_ASSERT_EQUAL(out.code, 404);
	aka_free(a, &t);
}

static void test_late(void)
{
	struct eese_milenage_out f;
	struct aka_answer c;
	struct test_db t;
	struct aka *a = aka_new(&t);

	(void)test_add(&t, "001010000000001", "pump-1");
	start(a, EESE_DOMAIN_ENPS, "pump-1", &c);
	answer_of(&c, &f);
	now.steady += 60;
	CU_ASSERT_EQUAL(finish(a, EESE_DOMAIN_ENPS, c.token, f.res, 8), 404);
	aka_free(a, &t);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"a run in each domain", test_run},
	    {"wrong RES", test_wrong_res},
	    {"changes in between", test_changes},
	    {"another SIM at the last moment", test_last_moment},
	    {"unknown", test_unknown},
	    {"bad AUTS", test_bad_auts},
	    {"too late", test_late},
	    {"no room", test_disk_full},
	};

	return run_suite("emks aka", tests, COUNT(tests));
}
