/* SPDX-License-Identifier: Apache-2.0 */
/* Handling of secrets: made ready, wiped, compared. */
#include "eese/keys.h"

#include <psa/crypto.h>
#include <string.h>

enum eese_result eese_init(void)
{
	return psa_crypto_init() == PSA_SUCCESS ? EESE_OK : EESE_CRYPTO;
}

/* What a volatile pointer names can't be known at compile time, so the call stays. */
static void *(*const volatile set_octets)(void *, int, size_t) = memset;

void eese_wipe(void *p, size_t len)
{
	if (len > 0)
		set_octets(p, 0, len);
}

bool eese_equal(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a;
	const volatile uint8_t *y = b;
	uint8_t differ = 0;

	for (size_t i = 0; i < len; i++) {
		const uint8_t xi = x[i];
		const uint8_t yi = y[i];

		differ |= (uint8_t)(xi ^ yi);
	}
	return differ == 0;
}
