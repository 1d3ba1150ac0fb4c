/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "emks/ks/keys.h"
#include "emks_support.h"

enum { NOW = 1800000000, LIFE = 1000 };

static const uint8_t key_a[EESE_INT_KEY_SIZE] = {0xaa}, key_b[EESE_INT_KEY_SIZE] = {0xbb};

static void test_newest(void)
{
	struct hss_subscriber s;
	struct test_db t;
	struct ks_key k;

	test_db_new(&t);
	s = test_add(&t, "001010000000001", "pump-1");
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_ENPS, NOW, &k), KS_NONE);
	CU_ASSERT(ks_put(&t.db, s.id, EESE_DOMAIN_ENPS, key_a, NOW, LIFE));
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_ENPS, NOW, &k), KS_OK);
	CU_ASSERT(eese_equal(k.key, key_a, sizeof(key_a)));
	CU_ASSERT_EQUAL(k.created, NOW);
	CU_ASSERT_EQUAL(k.expiry, NOW + LIFE);
	test_db_again(&t);
	CU_ASSERT(ks_put(&t.db, s.id, EESE_DOMAIN_ENPS, key_b, NOW + 5, LIFE));
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_ENPS, NOW + 5, &k), KS_OK);
	CU_ASSERT(eese_equal(k.key, key_b, sizeof(key_b)));
	test_db_free(&t);
}

/* A newer key is a later one, also within a second and when the clock steps back. */
static void test_later(void)
{
	struct hss_subscriber s;
	struct test_db t;
	struct ks_key k;

	test_db_new(&t);
	s = test_add(&t, "001010000000001", "pump-1");
	CU_ASSERT(ks_put(&t.db, s.id, EESE_DOMAIN_ENPS, key_a, NOW, LIFE));
	CU_ASSERT(ks_put(&t.db, s.id, EESE_DOMAIN_ENPS, key_b, NOW, LIFE));
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_ENPS, NOW, &k), KS_OK);
	CU_ASSERT_EQUAL(k.created, NOW + 1);
	CU_ASSERT(ks_put(&t.db, s.id, EESE_DOMAIN_ENPS, key_a, NOW - 100, LIFE));
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_ENPS, NOW, &k), KS_OK);
	CU_ASSERT_EQUAL(k.created, NOW + 2);
	CU_ASSERT_EQUAL(k.expiry, NOW + 2 + LIFE);
	test_db_free(&t);
}

static void test_expiry(void)
{
	struct hss_subscriber s;
	struct test_db t;
	struct ks_key k;

	test_db_new(&t);
	s = test_add(&t, "001010000000001", "pump-1");
	CU_ASSERT(ks_put(&t.db, s.id, EESE_DOMAIN_ENPS, key_a, NOW, LIFE));
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_ENPS, NOW + LIFE - 1, &k), KS_OK);
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_ENPS, NOW + LIFE, &k), KS_NONE);
	CU_ASSERT(is_zero(&k, sizeof(k)));
	CU_ASSERT(ks_sweep(&t.db, NOW + LIFE + 86400 - 1));
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_ENPS, NOW, &k), KS_OK);
	CU_ASSERT(ks_sweep(&t.db, NOW + LIFE + 86400));
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_ENPS, NOW, &k), KS_NONE);
	test_db_free(&t);
}

/* One domain's key is not the other's, and nobody makes it so by moving rows. */
static void test_domains(void)
{
	struct hss_subscriber s;
	struct test_db t;
	struct ks_key k;

	test_db_new(&t);
	s = test_add(&t, "001010000000001", "pump-1");
	CU_ASSERT(ks_put(&t.db, s.id, EESE_DOMAIN_HPS, key_b, NOW, LIFE));
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_ENPS, NOW, &k), KS_NONE);
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_HPS, NOW, &k), KS_OK);
	CU_ASSERT(
	    db_run(&t.db, "UPDATE domain_key SET domain = ?1", "i", (int64_t)EESE_DOMAIN_ENPS));
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_ENPS, NOW, &k), KS_FAILED);
	CU_ASSERT(is_zero(&k, sizeof(k)));
	test_db_free(&t);
}

static void test_tampered(void)
{
	struct hss_subscriber s;
	struct test_db t;
	struct ks_key k;

	test_db_new(&t);
	s = test_add(&t, "001010000000001", "pump-1");
	CU_ASSERT(ks_put(&t.db, s.id, EESE_DOMAIN_ENPS, key_a, NOW, LIFE));
	CU_ASSERT(db_run(&t.db, "UPDATE domain_key SET expiry = expiry + 1", ""));
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_ENPS, NOW, &k), KS_FAILED);
	CU_ASSERT(db_run(&t.db, "UPDATE domain_key SET expiry = expiry - 1, sealed = x'0102'", ""));
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_ENPS, NOW, &k), KS_FAILED);
	test_db_free(&t);
}

/* A subscriber's keys end with it, and with its SIM. */
static void test_end(void)
{
	struct hss_subscriber s;
	struct hss_secret secret;
	struct test_db t;
	struct ks_key k;

	test_db_new(&t);
	test_secret(&secret);
	s = test_add(&t, "001010000000001", "pump-1");
	CU_ASSERT(ks_put(&t.db, s.id, EESE_DOMAIN_ENPS, key_a, NOW, LIFE));
	CU_ASSERT(hss_change(&t.db, &s));
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_ENPS, NOW, &k), KS_OK);
	CU_ASSERT(hss_change_secret(&t.db, &s, &secret));
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_ENPS, NOW, &k), KS_NONE);
	CU_ASSERT(ks_put(&t.db, s.id, EESE_DOMAIN_ENPS, key_a, NOW, LIFE));
	CU_ASSERT(hss_delete(&t.db, s.id));
	CU_ASSERT_EQUAL(ks_newest(&t.db, s.id, EESE_DOMAIN_ENPS, NOW, &k), KS_NONE);
	CU_ASSERT(!ks_put(&t.db, s.id, EESE_DOMAIN_ENPS, key_a, NOW, LIFE));
	CU_ASSERT(test_add(&t, "001010000000001", "pump-1").id != s.id);
	test_db_free(&t);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"newest", test_newest},          {"later", test_later},
	    {"expiry", test_expiry},          {"domains", test_domains},
	    {"tampered with", test_tampered}, {"end", test_end},
	};

	return run_suite("emks keys", tests, COUNT(tests));
}
