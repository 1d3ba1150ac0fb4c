/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "core_support.h"
#include "eese/keys.h"
#include "vectors_protocol.h"

static void check_kdf(const struct kdf_vector *v)
{
	struct octets ck = octets_of(v->ck), ik = octets_of(v->ik);
	uint8_t int_key[EESE_INT_KEY_SIZE], control_key[EESE_CONTROL_KEY_SIZE], be[2];
	uint16_t ikid;

	CU_ASSERT(eese_derive_int_key(ck.p, ik.p, int_key) == EESE_OK);
	CU_ASSERT(is_hex(int_key, sizeof(int_key), v->e2e_int_key));
	CU_ASSERT(eese_derive_control_key(int_key, v->ue, control_key) == EESE_OK);
	CU_ASSERT(is_hex(control_key, sizeof(control_key), v->control_key));
	CU_ASSERT(eese_derive_ikid(int_key, &ikid) == EESE_OK);
	be[0] = (uint8_t)(ikid >> 8);
	be[1] = (uint8_t)ikid;
	CU_ASSERT(is_hex(be, sizeof(be), v->ikid));
	octets_free(&ck);
	octets_free(&ik);
}

static void test_kdf_vectors(void)
{
	for (size_t i = 0; i < COUNT(kdf_vectors); i++)
		check_kdf(&kdf_vectors[i]);
}

static void check_key(const struct eese_key *key, const struct keyset_vector *v, uint8_t direction)
{
	const struct eese_alg_info *info = eese_alg_info(v->alg);
	const bool up = direction == EESE_UPLINK;

	CU_ASSERT_EQUAL(key->ksn, v->ksn);
	CU_ASSERT_EQUAL(key->alg, v->alg);
	CU_ASSERT_EQUAL(key->direction, direction);
	CU_ASSERT(is_hex(key->key, info->key_size, up ? v->uplink_key : v->downlink_key));
	CU_ASSERT(is_hex(key->iv, info->nonce_size, up ? v->uplink_iv : v->downlink_iv));
	CU_ASSERT(is_zero(key->key + info->key_size, sizeof(key->key) - info->key_size));
	CU_ASSERT(is_zero(key->iv + info->nonce_size, sizeof(key->iv) - info->nonce_size));
}

static void check_keyset(const struct keyset_vector *v)
{
	struct octets int_key = octets_of(v->e2e_int_key), rand = octets_of(v->rand);
	uint8_t root[EESE_ROOT_SIZE];
	struct eese_keyset keyset;
	struct eese_key up, down;

	CU_ASSERT(eese_derive_root(int_key.p, rand.p, root) == EESE_OK);
	CU_ASSERT(is_hex(root, sizeof(root), v->root));
	CU_ASSERT(eese_derive_keyset(int_key.p, v->ue, rand.p, v->ksn, v->alg, &keyset) == EESE_OK);
	check_key(&keyset.up, v, EESE_UPLINK);
	check_key(&keyset.down, v, EESE_DOWNLINK);
	CU_ASSERT(eese_derive_key(int_key.p, v->ue, rand.p, v->ksn, v->alg, EESE_UPLINK, &up) ==
		  EESE_OK);
	CU_ASSERT(eese_derive_key(int_key.p, v->ue, rand.p, v->ksn, v->alg, EESE_DOWNLINK, &down) ==
		  EESE_OK);
	check_key(&up, v, EESE_UPLINK);
	check_key(&down, v, EESE_DOWNLINK);
	octets_free(&int_key);
	octets_free(&rand);
}

static void test_keyset_vectors(void)
{
	for (size_t i = 0; i < COUNT(keyset_vectors); i++)
		check_keyset(&keyset_vectors[i]);
}

static void test_keyset_refused(void)
{
	static const uint8_t int_key[EESE_INT_KEY_SIZE] = {1}, rand[EESE_RAND_SIZE] = {2};
	struct eese_keyset keyset;
	struct eese_key key;

	for (unsigned alg = 0; alg <= UINT8_MAX; alg++) {
		const bool known = alg == 1 || alg == 10 || alg == 24 || alg == 30;

		memset(&keyset, 0xaa, sizeof(keyset));
		CU_ASSERT_EQUAL(eese_derive_keyset(int_key, "ue", rand, 1, (uint8_t)alg, &keyset),
				known ? EESE_OK : EESE_INVALID);
		CU_ASSERT(known || is_zero(&keyset, sizeof(keyset)));
		memset(&key, 0xaa, sizeof(key));
		CU_ASSERT_EQUAL(
		    eese_derive_key(int_key, "ue", rand, 1, (uint8_t)alg, EESE_UPLINK, &key),
		    known ? EESE_OK : EESE_INVALID);
		CU_ASSERT(known || is_zero(&key, sizeof(key)));
	}
	memset(&keyset, 0xaa, sizeof(keyset));
	CU_ASSERT_EQUAL(eese_derive_keyset(int_key, "a/b", rand, 1, 10, &keyset), EESE_INVALID);
	CU_ASSERT(is_zero(&keyset, sizeof(keyset)));
}

static void test_kdf_bounds(void)
{
	static uint8_t long_param[EESE_KDF_INPUT_MAX];
	static const uint8_t key[32] = {7};
	const struct eese_octets longest = {long_param, EESE_KDF_INPUT_MAX - 4};
	const struct eese_octets too_long = {long_param, EESE_KDF_INPUT_MAX - 3};
	const struct eese_octets empty = {NULL, 0};
	uint8_t a[32], b[32];

	CU_ASSERT_EQUAL(eese_kdf(key, sizeof(key), 1, &longest, 1, a), EESE_OK);
	CU_ASSERT_EQUAL(eese_kdf(key, sizeof(key), 1, &empty, 1, a), EESE_OK);
	CU_ASSERT_EQUAL(eese_kdf(key, sizeof(key), 1, NULL, 0, b), EESE_OK);
	CU_ASSERT(!eese_equal(a, b, sizeof(a)));
	memset(a, 0xaa, sizeof(a));
	CU_ASSERT_EQUAL(eese_kdf(key, sizeof(key), 1, &too_long, 1, a), EESE_INVALID);
	CU_ASSERT(is_zero(a, sizeof(a)));
}

static void test_ue_id(void)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._@-";
	static const uint8_t int_key[EESE_INT_KEY_SIZE] = {1};
	uint8_t out[EESE_CONTROL_KEY_SIZE];
	char id[EESE_UE_ID_MAX + 2];

	for (size_t len = 0; len <= EESE_UE_ID_MAX + 1; len++) {
		const bool fits = len >= 1 && len <= EESE_UE_ID_MAX;

		memset(id, 'a', len);
		id[len] = '\0';
		CU_ASSERT_EQUAL(eese_ue_id_valid(id, len), fits);
		CU_ASSERT_EQUAL(eese_ue_id_length(id), fits ? len : 0);
		memset(out, 0xaa, sizeof(out));
		CU_ASSERT_EQUAL(eese_derive_control_key(int_key, id, out),
				fits ? EESE_OK : EESE_INVALID);
		CU_ASSERT_EQUAL(is_zero(out, sizeof(out)), !fits);
	}
	for (unsigned c = 1; c <= UINT8_MAX; c++) {
		const char pair[] = {'a', (char)c, '\0'};
		const bool fits = strchr(allowed, (int)(char)c) != NULL;

		CU_ASSERT_EQUAL(eese_ue_id_valid(pair, 2), fits);
		CU_ASSERT_EQUAL(eese_derive_control_key(int_key, pair, out),
				fits ? EESE_OK : EESE_INVALID);
	}
	CU_ASSERT(!eese_ue_id_valid("a\0b", 3));
	CU_ASSERT(!eese_ue_id_valid(NULL, 0));
	CU_ASSERT_EQUAL(eese_derive_control_key(int_key, NULL, out), EESE_INVALID);
}

/* Clause 2's table. */
static void test_alg_table(void)
{
	static const struct eese_alg_info rows[] = {
	    {0, 10, 16, 13, 8, 1048576, 16384, 4096},
	    {1, 30, 16, 13, 16, 1048576, 1048576, 16384},
	    {2, 1, 16, 12, 16, 1048576, 1048576, 16384},
	    {3, 24, 32, 12, 16, 1048576, 1048576, 65536},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct eese_alg_info *info = eese_alg_info(rows[i].alg);

		CU_ASSERT_PTR_NOT_NULL(info);
		if (!info)
			continue;
		CU_ASSERT_EQUAL(info->row, rows[i].row);
		CU_ASSERT_EQUAL(info->alg, rows[i].alg);
		CU_ASSERT_EQUAL(info->key_size, rows[i].key_size);
		CU_ASSERT_EQUAL(info->nonce_size, rows[i].nonce_size);
		CU_ASSERT_EQUAL(info->tag_size, rows[i].tag_size);
		CU_ASSERT_EQUAL(info->message_limit, rows[i].message_limit);
		CU_ASSERT_EQUAL(info->failed_limit, rows[i].failed_limit);
		CU_ASSERT_EQUAL(info->unit, rows[i].unit);
		CU_ASSERT_EQUAL(eese_alg_units(info, 0), 1);
		CU_ASSERT_EQUAL(eese_alg_units(info, 1), 1);
		CU_ASSERT_EQUAL(eese_alg_units(info, info->unit), 1);
		CU_ASSERT_EQUAL(eese_alg_units(info, info->unit + 1), 2);
	}
	CU_ASSERT_PTR_NULL(eese_alg_info(0));
	CU_ASSERT_EQUAL(eese_alg_units(eese_alg_info(10), EESE_PLAINTEXT_MAX), 16);
}

static void test_secrets(void)
{
	uint8_t a[33], b[33];

	memset(a, 0x5a, sizeof(a));
	memcpy(b, a, sizeof(b));
	CU_ASSERT(eese_equal(a, b, sizeof(a)));
	CU_ASSERT(eese_equal(a, b, 0));
	for (size_t bit = 0; bit < 8 * sizeof(a); bit++) {
		b[bit / 8] ^= (uint8_t)(1U << bit % 8);
		CU_ASSERT(!eese_equal(a, b, sizeof(a)));
		b[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	eese_wipe(NULL, 0);
	eese_wipe(a, sizeof(a) - 1);
	CU_ASSERT(is_zero(a, sizeof(a) - 1));
	CU_ASSERT_EQUAL(a[sizeof(a) - 1], 0x5a);
	CU_ASSERT_EQUAL(eese_init(), EESE_OK);
}

static void test_result_text(void)
{
	for (int r = EESE_OK; r <= EESE_STORAGE; r++)
		for (int other = EESE_OK; other < r; other++)
			CU_ASSERT_STRING_NOT_EQUAL(eese_result_text((enum eese_result)r),
						   eese_result_text((enum eese_result)other));
	CU_ASSERT_PTR_NOT_NULL(eese_result_text((enum eese_result)(EESE_STORAGE + 1)));
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"e2e_int_key, control key, IKID", test_kdf_vectors},
	    {"root and members", test_keyset_vectors},
	    {"keyset refused", test_keyset_refused},
	    {"KDF bounds", test_kdf_bounds},
	    {"UE-ID", test_ue_id},
	    {"algorithm table", test_alg_table},
	    {"wipe and compare", test_secrets},
	    {"result texts", test_result_text},
	};

	return run_suite("core keys", tests, COUNT(tests));
}
