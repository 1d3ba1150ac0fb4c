/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/hss/sealed.h"

#include <stdio.h>
#include <string.h>

#include "emks/crypto.h"

_Static_assert(sizeof(struct hss_secret) == EESE_K_SIZE + EESE_OP_SIZE, "no gaps");

/* "eese-hss subscriber " and the IMSI. */
static size_t context(const char *imsi, char *out, size_t size)
{
	return (size_t)snprintf(out, size, "eese-hss subscriber %.15s", imsi);
}

enum eese_result hss_seal(const uint8_t kek[EESE_KEK_SIZE], const char *imsi,
			  const struct hss_secret *secret, uint8_t out[HSS_SEALED_SIZE])
{
	char text[64];
	size_t len = context(imsi, text, sizeof text);
	enum eese_result r;

	crypto_begin();
	r = eese_seal(kek, text, len, (const uint8_t *)secret, sizeof *secret, out);
	crypto_end();
	return r;
}

enum eese_result hss_unseal(const uint8_t kek[EESE_KEK_SIZE], const char *imsi,
			    const uint8_t *sealed, size_t len, struct hss_secret *out)
{
	char text[64];
	size_t text_len = context(imsi, text, sizeof text);
	enum eese_result r;

	crypto_begin();
	r = eese_unseal(kek, text, text_len, sealed, len, (uint8_t *)out, sizeof *out);
	crypto_end();
	return r;
}
