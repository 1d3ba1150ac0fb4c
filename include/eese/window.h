/* SPDX-License-Identifier: Apache-2.0 */
/* The replay window of one keyset and direction: 64 wide, as in RFC 8613 clause 7.4. */
#ifndef EESE_WINDOW_H
#define EESE_WINDOW_H

#include <stdint.h>

/* All zero is the window of a fresh keyset. */
struct eese_window {
	uint64_t next; /* highest number marked + 1; 0 if none */
	uint64_t seen; /* bit i: number next-1-i was marked; bits below number 0 do not count */
};

enum eese_window_place { EESE_WINDOW_NEW, EESE_WINDOW_SEEN, EESE_WINDOW_BELOW };

/* Where number stands. A number of EESE_NUMBER_MAX or above counts as below the window: its
 * successor could not be named in a ref (clause 3.2). */
enum eese_window_place eese_window_check(const struct eese_window *w, uint64_t number);

/* Marks a number that is new; gives where it stood before. */
enum eese_window_place eese_window_mark(struct eese_window *w, uint64_t number);

#endif
