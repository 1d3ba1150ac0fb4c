/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/names.h"

const char *eese_cause_name(uint8_t reason)
{
	switch (reason) {
	case EESE_UPDATE_EXPIRED:
		return "te2e";
	case EESE_UPDATE_ENTERPRISE:
		return "enterprise";
	case EESE_UPDATE_USAGE:
		return "usage";
	case EESE_UPDATE_INTEGRITY:
		return "integrity";
	default:
		return "restart";
	}
}

const char *eese_refusal_name(uint8_t reason)
{
	switch (reason) {
	case EESE_ERROR_UE_UNKNOWN:
		return "unknown";
	case EESE_ERROR_NOT_APPLICABLE:
		return "not applicable";
	default:
		return "no key";
	}
}

const char *eese_te2e_from_name(enum eese_te2e_from from)
{
	return from == EESE_TE2E_UE ? "ue" : from == EESE_TE2E_GROUP ? "group" : "default";
}
