/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

enum { ROWS_MAX = 128 };

/* Median and quartiles. */
struct spread {
	double low, mid, high;
};

struct row {
	const char *group, *name, *unit;
	double value, reference; /* reference 0: a number alone */
	struct spread ratio;
	bool failed;
};

static struct row rows[ROWS_MAX];
static size_t count, failures;
static const char *group = "";
static const char *charted = ""; /* the first group with ratios: those of one kind share an axis */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct spread spread_of(const double *values, size_t n)
{
	double sorted[REPORT_ROUNDS_MAX];

	memcpy(sorted, values, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, by_value);
	return (struct spread){sorted[n / 4], sorted[n / 2], sorted[n - 1 - n / 4]};
}

double pairs_median(const double *values, size_t n)
{
	return spread_of(values, n).mid;
}

static struct row *add(const char *name, const char *unit)
{
	struct row *r = &rows[count < ROWS_MAX - 1 ? count++ : count];

	*r = (struct row){.group = group, .name = name, .unit = unit};
	return r;
}

static void judge(struct row *r, double value, double bar)
{
	r->failed = (bar > 0 && value > bar) || (bar < 0 && value < -bar);
	failures += r->failed;
	printf("%s\n", r->failed ? " <-- beyond its bar" : "");
	fflush(stdout);
}

void report_group(const char *name)
{
	group = name;
	printf("\n%-52s %12s %12s %-10s %7s  %s\n", name, "reference", "measured", "unit", "ratio",
	       "quartiles");
}

void report_pairs(const char *name, const char *unit, const struct pairs *p, double bar)
{
	double ratios[REPORT_ROUNDS_MAX];
	struct row *r = add(name, unit);

	if (charted[0] == '\0')
		charted = group;
	for (size_t i = 0; i < p->count; i++)
		ratios[i] = p->a[i] > 0 ? p->b[i] / p->a[i] : 0;
	r->reference = spread_of(p->a, p->count).mid;
	r->value = spread_of(p->b, p->count).mid;
	r->ratio = spread_of(ratios, p->count);
	printf("%-52s %12.2f %12.2f %-10s %7.3f  %.3f..%.3f", name, r->reference, r->value, unit,
	       r->ratio.mid, r->ratio.low, r->ratio.high);
	judge(r, r->ratio.mid, bar);
}

void report_number(const char *name, const char *unit, double value, double bar)
{
	struct row *r = add(name, unit);

	r->value = value;
	printf("%-52s %12s %12.2f %-10s", name, "", value, unit);
	judge(r, value, bar);
}

size_t report_failures(void)
{
	return failures;
}

static cJSON *json_of(const struct row *r)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "group", r->group);
	cJSON_AddStringToObject(o, "name", r->name);
	cJSON_AddStringToObject(o, "unit", r->unit);
	cJSON_AddNumberToObject(o, "value", r->value);
	if (r->reference > 0) {
		cJSON_AddNumberToObject(o, "reference", r->reference);
		cJSON_AddNumberToObject(o, "ratio", r->ratio.mid);
		cJSON_AddNumberToObject(o, "ratioLowQuartile", r->ratio.low);
		cJSON_AddNumberToObject(o, "ratioHighQuartile", r->ratio.high);
	}
	return o;
}

static void write_json(FILE *f)
{
	cJSON *o = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(o, "rows");
	struct utsname machine;
	char *text;

	if (uname(&machine) == 0) {
		cJSON_AddStringToObject(o, "kernel", machine.release);
		cJSON_AddStringToObject(o, "machine", machine.machine);
	}
	for (size_t i = 0; i < count; i++)
		cJSON_AddItemToArray(list, json_of(&rows[i]));
	text = cJSON_Print(o);
	fprintf(f, "%s\n", text != NULL ? text : "{}");
	cJSON_free(text);
	cJSON_Delete(o);
}

static bool in_chart(const struct row *r)
{
	return r->reference > 0 && r->group == charted;
}

/* The ratios as bars, 1.0 marked. */
static void write_svg(FILE *f)
{
	const int left = 330, width = 420, line = 22;
	double most = 1.2;
	int shown = 0;

	for (size_t i = 0; i < count; i++) {
		if (!in_chart(&rows[i]))
			continue;
		shown++;
		most = rows[i].ratio.mid > most ? rows[i].ratio.mid : most;
	}
	fprintf(f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"font-family=\"sans-serif\" font-size=\"12\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
		"<text x=\"10\" y=\"20\" font-size=\"14\">%s</text>\n",
		left + width + 80, shown * line + 60, charted);
	for (size_t i = 0, y = 36; i < count; i++) {
		const struct row *r = &rows[i];

		if (!in_chart(r))
			continue;
		fprintf(f,
			"<text x=\"10\" y=\"%zu\">%s</text>\n"
			"<rect x=\"%d\" y=\"%zu\" width=\"%.1f\" height=\"14\" fill=\"#4a7db5\"/>\n"
			"<text x=\"%.1f\" y=\"%zu\">%.2f</text>\n",
			y + 12, r->name, left, y, r->ratio.mid / most * width,
			left + r->ratio.mid / most * width + 6, y + 12, r->ratio.mid);
		y += (size_t)line;
	}
	fprintf(f,
		"<line x1=\"%.1f\" y1=\"30\" x2=\"%.1f\" y2=\"%d\" stroke=\"#b04030\"/>\n</svg>\n",
		left + width / most, left + width / most, shown * line + 40);
}

/* As docs/performance.md has it. */
static void write_markdown(FILE *f)
{
	const char *last = "";

	for (size_t i = 0; i < count; i++) {
		const struct row *r = &rows[i];
		bool ratio = r->reference > 0;

		if (strcmp(r->group, last) != 0)
			fprintf(f,
				"%s| %s | reference | measured | | ratio | quartiles |\n"
				"|---|---|---|---|---|---|\n",
				i > 0 ? "\n" : "", r->group);
		last = r->group;
		fprintf(f, "| %s | ", r->name);
		if (ratio)
			fprintf(f, "%.1f", r->reference);
		fprintf(f, " | %.*f | %s | ", r->value < 100 && r->value != (long)r->value,
			r->value, r->unit);
		if (ratio)
			fprintf(f, "%.2f | %.2f..%.2f |\n", r->ratio.mid, r->ratio.low,
				r->ratio.high);
		else
			fprintf(f, " | |\n");
	}
}

static bool write_to(const char *path, void (*write)(FILE *f))
{
	FILE *f = path != NULL ? fopen(path, "w") : NULL;

	if (path == NULL)
		return true;
	if (f != NULL)
		write(f);
	if (f == NULL || fclose(f) != 0) {
		perror(path);
		return false;
	}
	return true;
}

bool report_write(const char *json, const char *svg, const char *markdown)
{
	bool written = write_to(json, write_json);

	written = write_to(svg, write_svg) && written;
	return write_to(markdown, write_markdown) && written;
}
