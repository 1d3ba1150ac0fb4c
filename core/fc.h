/* SPDX-License-Identifier: Apache-2.0 */
/* The FC values of the KDF, clause 2. 3GPP has assigned none to this solution; these two-octet
 * ones stand here and nowhere else, so that assigned ones can take their place. */
#ifndef EESE_CORE_FC_H
#define EESE_CORE_FC_H

enum eese_fc {
	EESE_FC_INT_KEY = 0xffe0,
	EESE_FC_ROOT = 0xffe1,
	EESE_FC_MEMBER = 0xffe2,
	EESE_FC_CONTROL_KEY = 0xffe3,
	EESE_FC_IKID = 0xffe4,
	EESE_FC_HPS_KEY = 0xffe5,
};

#endif
