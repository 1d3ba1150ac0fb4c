/* SPDX-License-Identifier: Apache-2.0 */
/* What of a row is sealed, and the check of the KEK. */
#include <string.h>

#include "plugin/store/row.h"

/* The purpose, then whose: a row that was moved to another UE, column or program does not open. */
static const char key_purpose[] = "eese store 1: ue.key: ";
static const char check_purpose[] = "eese store 1: state.kek_check";
enum { PURPOSE = sizeof key_purpose - 1, CHECK_OCTETS = EESE_KEK_CHECK_SIZE - EESE_SEAL_OVERHEAD };

static size_t context_of(const char *ue_id, char out[PURPOSE + EESE_UE_ID_MAX])
{
	size_t len = strnlen(ue_id, EESE_UE_ID_MAX);

	memcpy(out, key_purpose, PURPOSE);
	memcpy(out + PURPOSE, ue_id, len);
	return PURPOSE + len;
}

static void put(uint8_t **at, uint64_t n, size_t octets)
{
	for (size_t i = octets; i > 0; i--)
		*(*at)++ = (uint8_t)(n >> 8 * (i - 1));
}

static uint64_t get(const uint8_t **at, size_t octets)
{
	uint64_t n = 0;

	for (size_t i = 0; i < octets; i++)
		n = n << 8 | *(*at)++;
	return n;
}

enum eese_result eese_row_seal(const uint8_t kek[EESE_KEK_SIZE], const char *ue_id,
			       const struct eese_ue_saved *ue, uint8_t out[EESE_ROW_SEALED])
{
	char context[PURPOSE + EESE_UE_ID_MAX];
	uint8_t plain[EESE_ROW_SECRET], *at = plain + EESE_INT_KEY_SIZE;
	enum eese_result r;

	memcpy(plain, ue->key.int_key, EESE_INT_KEY_SIZE);
	put(&at, ue->ikid, 2);
	put(&at, ue->key.created, 8);
	put(&at, ue->key.expiry, 8);
	r = eese_seal(kek, context, context_of(ue_id, context), plain, sizeof plain, out);
	eese_wipe(plain, sizeof plain);
	return r;
}

enum eese_result eese_row_unseal(const uint8_t kek[EESE_KEK_SIZE], const char *ue_id,
				 const uint8_t *sealed, size_t len, struct eese_ue_saved *ue)
{
	char context[PURPOSE + EESE_UE_ID_MAX];
	uint8_t plain[EESE_ROW_SECRET];
	const uint8_t *at = plain + EESE_INT_KEY_SIZE;
	enum eese_result r =
	    eese_unseal(kek, context, context_of(ue_id, context), sealed, len, plain, sizeof plain);

	if (r == EESE_OK) {
		memcpy(ue->key.int_key, plain, EESE_INT_KEY_SIZE);
		ue->ikid = (uint16_t)get(&at, 2);
		ue->key.created = get(&at, 8);
		ue->key.expiry = get(&at, 8);
		ue->has_key = true;
	}
	eese_wipe(plain, sizeof plain);
	return r;
}

enum eese_result eese_kek_check_make(const uint8_t kek[EESE_KEK_SIZE],
				     uint8_t out[EESE_KEK_CHECK_SIZE])
{
	static const uint8_t nothing[CHECK_OCTETS];

	return eese_seal(kek, check_purpose, sizeof check_purpose - 1, nothing, sizeof nothing,
			 out);
}

enum eese_result eese_kek_check(const uint8_t kek[EESE_KEK_SIZE], const uint8_t *check, size_t len)
{
	uint8_t nothing[CHECK_OCTETS];

	return eese_unseal(kek, check_purpose, sizeof check_purpose - 1, check, len, nothing,
			   sizeof nothing);
}
