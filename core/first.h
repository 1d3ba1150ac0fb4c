/* SPDX-License-Identifier: Apache-2.0 */
/* The first octet of a control message: bits 7-6 the kind, the rest the reason; clause 3. */
#ifndef EESE_CORE_FIRST_H
#define EESE_CORE_FIRST_H

#include "eese/wire.h"

enum { EESE_REASON_MAX = 63 };

static inline uint8_t eese_first_octet(enum eese_kind kind, uint8_t reason)
{
	return (uint8_t)((unsigned)kind << 6 | reason);
}

#endif
