/* SPDX-License-Identifier: Apache-2.0 */
#include "eese/control.h"

enum eese_result eese_message_kind(const uint8_t *msg, size_t len, enum eese_kind *out)
{
	if (len == 0)
		return EESE_MALFORMED;
	*out = (enum eese_kind)(msg[0] >> 6);
	return EESE_OK;
}
