/* SPDX-License-Identifier: Apache-2.0 */
/* Just enough CBOR (RFC 8949) for the two structures that are authenticated, in the deterministic
 * encoding of clause 4.2.1: every length in its shortest form. Written, never parsed. */
#ifndef EESE_CORE_CBOR_H
#define EESE_CORE_CBOR_H

#include "core/octets.h"

enum eese_cbor_major {
	EESE_CBOR_UINT = 0,
	EESE_CBOR_BSTR = 2,
	EESE_CBOR_TSTR = 3,
	EESE_CBOR_ARRAY = 4,
	EESE_CBOR_MAP = 5,
};

/* Octets of the head that eese_cbor_head() writes. */
size_t eese_cbor_head_size(uint32_t value);

/* Octets of a whole string of len octets. */
size_t eese_cbor_string_size(size_t len);

/* value: the number, the octets of a string, or the elements of an array or map. */
void eese_cbor_head(struct eese_writer *w, enum eese_cbor_major major, uint32_t value);

/* major: EESE_CBOR_BSTR or EESE_CBOR_TSTR. */
void eese_cbor_string(struct eese_writer *w, enum eese_cbor_major major, const void *p, size_t len);

#endif
