/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard output. What the broker sent may be in each line, so whatever steers a terminal is a '?'
 * in it. A failure is remembered; out_failed() lets a long work end early.
 */
#ifndef EESE_CTL_OUT_H
#define EESE_CTL_OUT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* One line, without blanks at its end. */
void out_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line with the value. */
void out_json(const cJSON *value);

/* An array with one line an item: begin, items, end. The value stays the caller's. */
void out_array_begin(void);
void out_array_item(const cJSON *value);
void out_array_end(void);

/* Lets everything out, as for somebody who is waiting for it. */
void out_flush(void);

bool out_failed(void);

/* Says what went wrong with it, if something did. The exit code for a program that else ended with
 * this one. */
int out_finish(int code);

#endif
