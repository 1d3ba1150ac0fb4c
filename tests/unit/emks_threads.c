/* SPDX-License-Identifier: Apache-2.0 */
/* AKA and the EMKS's answers are two threads' work at once. More than two here, so that a race is
 * met each time and not now and then. */
#include <CUnit/CUnit.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "emks/crypto.h"
#include "emks/hss/sealed.h"
#include "emks/hss/vector.h"
#include "emks/ks/keys.h"
#include "emks_support.h"

enum { THREADS = 4, ROUNDS = 4000, NOW = 1800000000 };

struct worker {
	pthread_t thread;
	struct test_db t;
	struct hss_subscriber s;
	struct hss_secret secret;
	struct vector vector; /* what each round must come to */
	uint8_t key[EESE_INT_KEY_SIZE];
	unsigned wrong;
};

static const uint8_t rand_octets[EESE_AKA_RAND_SIZE] = {7};

static bool make_vector(const struct worker *w, struct vector *out)
{
	return vector_make(&w->secret, EESE_DOMAIN_ENPS, w->s.amf, 33, rand_octets, out) == EESE_OK;
}

static bool round_right(struct worker *w)
{
	uint8_t sealed[HSS_SEALED_SIZE], octets[2][16];
	struct hss_secret secret;
	struct vector vector;
	struct ks_key key;

	return hss_seal(w->t.db.kek, w->s.imsi, &w->secret, sealed) == EESE_OK &&
	       hss_unseal(w->t.db.kek, w->s.imsi, sealed, sizeof(sealed), &secret) == EESE_OK &&
	       memcmp(&secret, &w->secret, sizeof(secret)) == 0 && make_vector(w, &vector) &&
	       memcmp(&vector, &w->vector, sizeof(vector)) == 0 &&
	       ks_newest(&w->t.db, w->s.id, EESE_DOMAIN_ENPS, NOW, &key) == KS_OK &&
	       memcmp(key.key, w->key, sizeof(w->key)) == 0 &&
	       crypto_random(octets[0], sizeof(octets[0])) &&
	       crypto_random(octets[1], sizeof(octets[1])) &&
	       memcmp(octets[0], octets[1], sizeof(octets[0])) != 0;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < ROUNDS; i++)
		w->wrong += round_right(w) ? 0 : 1;
	return NULL;
}

/* Each has a K, a key and a connection of its own. */
static void set_up(struct worker *w, uint8_t number)
{
	test_db_new(&w->t);
	w->s = test_add(&w->t, "001010000000001", "pump-1");
	test_secret(&w->secret);
	w->secret.k[0] = number;
	w->key[0] = number;
	CU_ASSERT(make_vector(w, &w->vector));
	CU_ASSERT(ks_put(&w->t.db, w->s.id, EESE_DOMAIN_ENPS, w->key, NOW, 1000));
}

static void test_at_once(void)
{
	static struct worker workers[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		set_up(&workers[i], (uint8_t)(i + 1));
	for (size_t i = 0; i < THREADS; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&workers[i].thread, NULL, work, &workers[i]),
				      0);
	for (size_t i = 0; i < THREADS; i++) {
		CU_ASSERT_EQUAL(pthread_join(workers[i].thread, NULL), 0);
		CU_ASSERT_EQUAL(workers[i].wrong, 0);
		test_db_free(&workers[i].t);
	}
}

/* Locks others out of the whole database, as whoever recovers it after a crash does for a moment.
 */
static void *hold(void *arg)
{
	sqlite3 *sql = arg;

	(void)usleep(300000);
	CU_ASSERT_EQUAL(sqlite3_close(sql), SQLITE_OK);
	return NULL;
}

static void test_opening_waits(void)
{
	char wrong[DB_WRONG_SIZE] = "";
	struct test_db t;
	pthread_t thread;
	sqlite3 *sql;

	test_db_new(&t);
	db_close(&t.db);
	CU_ASSERT_EQUAL_FATAL(sqlite3_open(t.path, &sql), SQLITE_OK);
	CU_ASSERT_EQUAL(sqlite3_exec(sql,
				     "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;"
				     "DELETE FROM may_ask; COMMIT",
				     NULL, NULL, NULL),
			SQLITE_OK);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, hold, sql), 0);
	CU_ASSERT(db_open(&t.db, t.path, test_kek, wrong));
	CU_ASSERT_STRING_EQUAL(wrong, "");
	CU_ASSERT_EQUAL(pthread_join(thread, NULL), 0);
	test_db_free(&t);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"at once", test_at_once},
	    {"opening waits", test_opening_waits},
	};

	return run_suite("emks threads", tests, COUNT(tests));
}
