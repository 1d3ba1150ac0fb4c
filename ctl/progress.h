/* SPDX-License-Identifier: Apache-2.0 */
/* How far a long work is, on one line of stderr that changes; only on a terminal. */
#ifndef EESE_CTL_PROGRESS_H
#define EESE_CTL_PROGRESS_H

#include <stddef.h>

#include "ctl/options.h"

/* Begins; shared is set if stdout is printed to meanwhile, which then must not be a terminal. */
void progress_start(const struct options *o, bool shared);

/* So many are done, of so many if that is known (else 0). Nothing shows in the first second. */
void progress(size_t done, size_t total);

/* Takes the line away, for what is to be said there. It comes again with progress(). */
void progress_clear(void);

#endif
