/* SPDX-License-Identifier: Apache-2.0 */
#include "eese/keys.h"

/* Clause 2: A-Za-z0-9._@- and nothing that a locale might add; a bit for each of ASCII. */
static bool is_allowed(char c)
{
	static const uint32_t allowed[4] = {0, 0x03ff6000, 0x87ffffff, 0x07fffffe};
	const unsigned char u = (unsigned char)c;

	return u < 128 && (allowed[u >> 5] >> (u & 31) & 1) != 0;
}

bool eese_ue_id_valid(const char *id, size_t len)
{
	if (!id || len < 1 || len > EESE_UE_ID_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_allowed(id[i]))
			return false;
	return true;
}

size_t eese_ue_id_length(const char *id)
{
	size_t n = 0;

	if (!id)
		return 0;
	while (n <= EESE_UE_ID_MAX && is_allowed(id[n]))
		n++;
	return n <= EESE_UE_ID_MAX && id[n] == '\0' ? n : 0;
}
