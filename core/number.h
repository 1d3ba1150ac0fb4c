/* SPDX-License-Identifier: Apache-2.0 */
/* `00 kkk nnn` and a minimal Partial IV: how data, ref and ERROR 6 name a keyset and a number. */
#ifndef EESE_CORE_NUMBER_H
#define EESE_CORE_NUMBER_H

#include "core/octets.h"

/* Octets of a number of at most EESE_NUMBER_MAX in its minimal form: 1..5. */
size_t eese_number_size(uint64_t number);

void eese_write_number(struct eese_writer *w, uint8_t kid, uint64_t number);

/* false, and the outputs unchanged: bits 7-6 set, nnn not 1..5, too short, or not minimal. */
bool eese_read_number(struct eese_reader *r, uint8_t *kid, uint64_t *number);

#endif
