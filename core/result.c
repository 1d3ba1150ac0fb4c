/* SPDX-License-Identifier: Apache-2.0 */
#include "eese/result.h"

const char *eese_result_text(enum eese_result r)
{
	switch (r) {
	case EESE_OK:
		return "ok";
	case EESE_MALFORMED:
		return "malformed message";
	case EESE_NOT_AUTHENTIC:
		return "not authentic";
	case EESE_REPLAY:
		return "replayed message";
	case EESE_EXPIRED:
		return "key no longer valid";
	case EESE_NO_KEY:
		return "no key";
	case EESE_FULL:
		return "full, try again later";
	case EESE_INVALID:
		return "argument out of range";
	case EESE_CRYPTO:
		return "cryptographic library failed";
	case EESE_STORAGE:
		return "storage failed";
	}
	return "unknown result";
}
