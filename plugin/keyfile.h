/* SPDX-License-Identifier: Apache-2.0 */
/* The key file: one UE a line, UE-ID, e2e_int_key in hex, te2e=SECONDS, group=NAME. */
#ifndef EESE_PLUGIN_KEYFILE_H
#define EESE_PLUGIN_KEYFILE_H

#include <stdbool.h>

#include "endpoint/endpoint.h"

/*
 * Makes the endpoint's UEs those of the file: adds, changes, removes. All or nothing: on failure
 * the endpoint is as it was and the broker's log has the reason, with the line but never a key.
 */
bool eese_keyfile_load(const char *path, struct eese_endpoint *ep);

#endif
