/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of docs/control.md for what the endpoint has as numbers. */
#ifndef EESE_PLUGIN_NAMES_H
#define EESE_PLUGIN_NAMES_H

#include <stdint.h>

#include "endpoint/endpoint.h"

/* Why a keyset is invalid, by enum eese_update_reason: "te2e", "enterprise", "restart", "usage",
 * "integrity". */
const char *eese_cause_name(uint8_t reason);

/* What the operator said instead of giving a key, by enum eese_error_reason: "unknown", "not
 * applicable", "no key"; the last parts of counters' names too. */
const char *eese_refusal_name(uint8_t reason);

/* "ue", "group", "default" */
const char *eese_te2e_from_name(enum eese_te2e_from from);

#endif
