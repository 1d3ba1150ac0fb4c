/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that somebody else wrote, on their way to a terminal. */
#ifndef EESE_HOST_TEXT_H
#define EESE_HOST_TEXT_H

/*
 * Makes a '?' of each octet that could steer a terminal or mislead a reader: control characters
 * (C0, DEL, C1), what turns the direction of writing (U+200E, U+200F, U+2028 to U+202E, U+2066 to
 * U+2069), and whatever is no UTF-8. The length stays.
 */
void eese_text_clean(char *text);

#endif
