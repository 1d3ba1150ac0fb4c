/* SPDX-License-Identifier: Apache-2.0 */
/* The ref of KEY_UPDATE on the wire, clause 3.2. */
#ifndef EESE_CORE_REF_H
#define EESE_CORE_REF_H

#include "core/octets.h"
#include "eese/control.h"

/* Whether every member is in its range, so that it can be written. */
bool eese_ref_valid(const struct eese_ref *ref);

/* ref is valid. */
void eese_write_ref(struct eese_writer *w, const struct eese_ref *ref);

/* Reads all that is left into *out, which is all zero before. false: malformed. */
bool eese_read_ref(struct eese_reader *r, struct eese_ref *out);

#endif
