/* SPDX-License-Identifier: Apache-2.0 */
/* What COSE (RFC 9052) authenticates beside the octets on the wire, and the nonce. */
#ifndef EESE_CORE_COSE_H
#define EESE_CORE_COSE_H

#include "eese/keys.h"

enum {
	/* array, "Encrypt0", bstr {1: alg}, bstr head, [1, direction, UE-ID, KSN, topic] */
	EESE_AAD_MAX =
	    1 + 9 + 5 + 3 + (1 + 1 + 1 + (2 + EESE_UE_ID_MAX) + 5 + (3 + EESE_TOPIC_MAX)),
	/* array, "MAC0", h'a10104', bstr [1, direction, UE-ID], bstr payload */
	EESE_MAC_INPUT_MAX = 1 + 5 + 4 + 2 + (1 + 1 + 1 + (2 + EESE_UE_ID_MAX)) +
			     (2 + EESE_KEY_UPDATE_MAX - EESE_MAC_SIZE),
};

/* Clause 3.1: the Enc_structure. Its length; 0 if ue_id or topic_len is out of range. */
size_t eese_cose_aad(const struct eese_key *key, const char *ue_id, const char *topic,
		     size_t topic_len, uint8_t out[EESE_AAD_MAX]);

/* Clause 3.1: number, left-padded, XOR the direction's IV. */
void eese_cose_nonce(const struct eese_key *key, const struct eese_alg_info *info, uint64_t number,
		     uint8_t out[EESE_NONCE_MAX]);

/* Clause 3.4: the MAC over payload. EESE_INVALID: ue_id, or a payload longer than a KEY_UPDATE's;
 * EESE_CRYPTO. On failure out is zero. */
EESE_MUST_CHECK enum eese_result eese_cose_mac(const uint8_t control_key[EESE_CONTROL_KEY_SIZE],
					       const char *ue_id, enum eese_direction direction,
					       const uint8_t *payload, size_t len,
					       uint8_t out[EESE_MAC_SIZE]);

/* Compares the MAC at the end of msg, which is longer than a MAC. EESE_NOT_AUTHENTIC. */
EESE_MUST_CHECK enum eese_result
eese_cose_mac_check(const uint8_t control_key[EESE_CONTROL_KEY_SIZE], const char *ue_id,
		    enum eese_direction direction, const uint8_t *msg, size_t len);

#endif
