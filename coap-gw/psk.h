/* SPDX-License-Identifier: Apache-2.0 */
/* The pre-shared keys of clients that speak DTLS. They are of the way to the gateway only; what
 * the UEs protect end to end has keys that the gateway never sees. */
#ifndef EESE_COAP_GW_PSK_H
#define EESE_COAP_GW_PSK_H

#include <coap3/coap.h>

struct psks;

/* Reads a file that is its owner's only: lines 'IDENTITY KEY', the key of 16 to 64 octets in
 * hexadecimal digits; # begins a comment. NULL: the reason was said. */
struct psks *psks_read(const char *path);
/* Wipes the keys. NULL is well. */
void psks_free(struct psks *p);

/* The key of this identity, which stays p's; NULL: it has none. */
const coap_bin_const_t *psks_find(const struct psks *p, const uint8_t *identity, size_t len);

#endif
