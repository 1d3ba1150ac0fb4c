/* SPDX-License-Identifier: Apache-2.0 */
/* Texts for people. */
#ifndef EESE_CTL_TEXT_H
#define EESE_CTL_TEXT_H

#include <stdbool.h>

#define TEXT_STATES "noKey, new, pending, valid, refreshing, expired"

enum { TEXT_DURATION_ROOM = 64 };

/* "3 h 12 min": the two units that matter most. */
const char *text_duration(double seconds, char out[TEXT_DURATION_ROOM]);

/* text_duration(), and for 0 "for ever". */
const char *text_te2e(double seconds, char out[TEXT_DURATION_ROOM]);

/* What COSE calls the algorithm of this number; "unknown". */
const char *text_alg(double number);

/* Whether it is one of TEXT_STATES. */
bool text_is_state(const char *text);

#endif
