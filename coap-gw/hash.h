/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uthash as the gateway uses it. Keys come from the network, so the hash has a secret seed: nobody
 * can choose keys that share a bucket. A lack of memory is not the end of the process but leaves
 * the element out of the table, its hh.tbl NULL.
 */
#ifndef EESE_COAP_GW_HASH_H
#define EESE_COAP_GW_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False: no random numbers. To be called before any table is used. */
bool hash_seed(void);

uint64_t hash_octets(const void *p, size_t len);

#define HASH_FUNCTION(key, len, out) (out) = (unsigned)hash_octets((key), (len))
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#endif
