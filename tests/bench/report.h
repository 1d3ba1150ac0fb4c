/* SPDX-License-Identifier: Apache-2.0 */
/* The results: a table as they come, then JSON, a chart, Markdown, and whether the bars hold. */
#ifndef EESE_BENCH_REPORT_H
#define EESE_BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>

enum { REPORT_ROUNDS_MAX = 64 };

/* Pairs of measurements, taken in turns. */
struct pairs {
	double a[REPORT_ROUNDS_MAX], b[REPORT_ROUNDS_MAX];
	size_t count;
};

double pairs_median(const double *values, size_t n);

/* A ratio b/a of pairs; bar: what it may be at most in a quick run, which is generous; 0: none. */
void report_pairs(const char *name, const char *unit, const struct pairs *p, double bar);
/* A number alone. bar as above; a bar below 0: at least -bar. */
void report_number(const char *name, const char *unit, double value, double bar);
/* Heads a group of rows. */
void report_group(const char *name);

/* false: a file can't be written (said why). Paths may be NULL. */
bool report_write(const char *json, const char *svg, const char *markdown);
/* How many bars did not hold. */
size_t report_failures(void);

#endif
