/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ue_id.h"

#include "eese/keys.h"

/* Clause 2: A-Za-z0-9._@- and nothing that a locale might add. */
static bool is_allowed(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '@' || c == '-';
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
