/* SPDX-License-Identifier: Apache-2.0 */
/* The benchmark: what the plugin costs, as ratios in one run. docs/performance.md has the results.
 */
#include "bench.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scale scale = {.rounds = 9,
		      .ues = 2000,
		      .messages = 10000,
		      .million = 1000000,
		      .long_messages = 10000000,
		      .long_refreshes = 100000};

static const struct scale quick = {.quick = true,
				   .rounds = 3,
				   .ues = 400,
				   .messages = 4000,
				   .million = 20000,
				   .long_messages = 100000,
				   .long_refreshes = 10000};

static const struct harness_test cases[] = {
    {"octets", case_octets},   {"exchanges", case_exchanges}, {"ratios", case_ratios},
    {"gateway", case_gateway}, {"refresh", case_refresh},     {"hanging", case_hanging},
    {"million", case_million}, {"long-run", case_long_run},
};

enum { CASES = sizeof cases / sizeof *cases };

static void usage(FILE *f)
{
	fputs("Usage: bench [--quick] [--only CASE]... [--json FILE] [--svg FILE]\n"
	      "\n"
	      "Measures a broker with the plugin against the same broker without it, in turns.\n"
	      "Prints a table. Exit code 1: a case failed, or a number is beyond its (generous) "
	      "bar.\n"
	      "\n"
	      "  --quick      small numbers, to see that it works; about half a minute\n"
	      "  --only CASE  octets, exchanges, ratios, gateway, refresh, hanging, million,\n"
	      "               long-run; may be repeated; all if not given\n"
	      "  --ues N      UEs of the case 'million'\n"
	      "  --messages N messages of the case 'long-run'\n"
	      "  --json FILE  writes the numbers there\n"
	      "  --md FILE    writes the table there as Markdown\n"
	      "  --svg FILE   writes a chart of the ratios there\n",
	      f);
}

static bool number(const char *text, size_t *out)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	*out = v;
	return *text >= '1' && *text <= '9' && *end == '\0' && v <= 10000000;
}

static bool choose(const char *name, struct harness_test *chosen, size_t *count)
{
	for (size_t i = 0; i < CASES && *count < CASES; i++) {
		if (strcmp(cases[i].name, name) == 0) {
			chosen[(*count)++] = cases[i];
			return true;
		}
	}
	fprintf(stderr, "bench: no case '%s'\n", name);
	return false;
}

static const struct option options[] = {
    {"quick", no_argument, NULL, 'q'},
    {"only", required_argument, NULL, 'o'},
    {"ues", required_argument, NULL, 'u'},
    {"messages", required_argument, NULL, 'm'},
    {"json", required_argument, NULL, 'j'},
    {"svg", required_argument, NULL, 's'},
    {"md", required_argument, NULL, 'd'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

int main(int argc, char **argv)
{
	struct harness_test chosen[CASES];
	const char *json = NULL, *svg = NULL, *markdown = NULL;
	size_t count = 0, ues = 0, messages = 0;
	bool ok;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout);
			return EXIT_SUCCESS;
		}
		if (c == 'q')
			scale = quick;
		else if (c == 'j')
			json = optarg;
		else if (c == 's')
			svg = optarg;
		else if (c == 'd')
			markdown = optarg;
		else if ((c == 'o' && !choose(optarg, chosen, &count)) ||
			 (c == 'u' && !number(optarg, &ues)) ||
			 (c == 'm' && !number(optarg, &messages)) || c == '?') {
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	scale.million = ues > 0 ? ues : scale.million;
	scale.long_messages = messages > 0 ? messages : scale.long_messages;
	ok = harness_main("bench", count > 0 ? chosen : cases, count > 0 ? count : CASES) ==
	     EXIT_SUCCESS;
	if (!report_write(json, svg, markdown))
		return EXIT_FAILURE;
	if (report_failures() > 0)
		printf("%zu numbers are beyond their bars\n", report_failures());
	return ok && report_failures() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
