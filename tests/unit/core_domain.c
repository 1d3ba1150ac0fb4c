/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "core_support.h"
#include "eese/domain.h"

static const char *const ck_hex = "000102030405060708090a0b0c0d0e0f";
static const char *const ik_hex = "101112131415161718191a1b1c1d1e1f";

/* Made with another implementation of HMAC-SHA-256. */
static const char *const keys[EESE_DOMAINS] = {
    "d3e5dd5c563d43b9803a256863ba6a2a6a68ad1fe8b1017b0973f7256bb2521c",
    "096fa46e0cf3e66d774bf275a96e40c846752989cf6fd3494c8ecc657484d1ca",
};

static void test_keys(void)
{
	struct octets ck = octets_of(ck_hex), ik = octets_of(ik_hex);
	uint8_t out[EESE_INT_KEY_SIZE];

	for (int d = 0; d < EESE_DOMAINS; d++) {
		CU_ASSERT(eese_derive_domain_key((enum eese_domain)d, ck.p, ik.p, out) == EESE_OK);
		CU_ASSERT(is_hex(out, sizeof(out), keys[d]));
	}
	CU_ASSERT(eese_derive_int_key(ck.p, ik.p, out) == EESE_OK);
	CU_ASSERT(is_hex(out, sizeof(out), keys[EESE_DOMAIN_ENPS]));
	CU_ASSERT(eese_derive_domain_key(EESE_DOMAINS, ck.p, ik.p, out) == EESE_INVALID);
	CU_ASSERT(is_zero(out, sizeof(out)));
	octets_free(&ck);
	octets_free(&ik);
}

static bool binds(enum eese_domain domain, uint8_t high, uint8_t low)
{
	const uint8_t amf[EESE_AMF_SIZE] = {high, low};

	return eese_amf_binds(domain, amf);
}

static void test_amf_binds(void)
{
	for (unsigned low = 0; low < 256; low++) {
		CU_ASSERT(binds(EESE_DOMAIN_ENPS, 0x80, (uint8_t)low) == (low == 0x45));
		CU_ASSERT(binds(EESE_DOMAIN_HPS, 0x80, (uint8_t)low) == (low == 0x48));
		CU_ASSERT(!binds(EESE_DOMAINS, 0x80, (uint8_t)low));
	}
	for (unsigned high = 0; high < 256; high++) {
		CU_ASSERT(binds(EESE_DOMAIN_ENPS, (uint8_t)high, 0x45) == (high >= 0x80));
		CU_ASSERT(binds(EESE_DOMAIN_HPS, (uint8_t)high, 0x48) == (high >= 0x80));
	}
}

static void test_amf_bind(void)
{
	for (unsigned v = 0; v < 256; v++) {
		uint8_t amf[EESE_AMF_SIZE] = {(uint8_t)v, (uint8_t)(255 - v)};

		eese_amf_bind(EESE_DOMAIN_ENPS, amf);
		CU_ASSERT_EQUAL(amf[0], v | 0x80);
		CU_ASSERT(eese_amf_binds(EESE_DOMAIN_ENPS, amf));
		CU_ASSERT(!eese_amf_binds(EESE_DOMAIN_HPS, amf));
		eese_amf_bind(EESE_DOMAIN_HPS, amf);
		CU_ASSERT_EQUAL(amf[0], v | 0x80);
		CU_ASSERT(eese_amf_binds(EESE_DOMAIN_HPS, amf));
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"keys of a run", test_keys},
	    {"AMF and its domain", test_amf_binds},
	    {"AMF made for a domain", test_amf_bind},
	};

	return run_suite("core domain", tests, COUNT(tests));
}
