/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PSA Crypto of Mbed TLS 2.28 keeps its keys in slots that it does not lock: two threads that use
 * it at once get each other's keys, or end the process. The daemon has two, one for AKA and one for
 * the EMKS, so whatever in emks/ uses a key or random octets does it between these. Nothing that
 * may wait, such as the database, belongs there.
 */
#ifndef EMKS_CRYPTO_H
#define EMKS_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

void crypto_begin(void);
void crypto_end(void);

/* Random octets; takes the two calls itself. false: there are none. */
bool crypto_random(void *out, size_t len);

#endif
