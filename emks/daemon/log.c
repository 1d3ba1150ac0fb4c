/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/daemon/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { EVENTS_A_SECOND = 20 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* sd-daemon(3): "<3>" an error, "<6>" informational. */
static void write_line(int priority, const char *format, va_list values)
{
	char line[512];

	vsnprintf(line, sizeof line, format, values);
	if (getenv("JOURNAL_STREAM") != NULL)
		fprintf(stderr, "<%d>%s\n", priority, line);
	else
		fprintf(stderr, "eese-emksd: %s\n", line);
}

void log_note(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	write_line(6, format, values);
	va_end(values);
}

void log_error(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	write_line(3, format, values);
	va_end(values);
}

static bool may_log(unsigned *left_out)
{
	static time_t second;
	static unsigned lines, unsaid;
	struct timespec now;
	bool may;

	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&lock);
	if (now.tv_sec != second) {
		second = now.tv_sec;
		lines = 0;
	}
	may = lines < EVENTS_A_SECOND;
	lines += may ? 1 : 0;
	*left_out = may ? unsaid : 0;
	unsaid = may ? 0 : unsaid + 1;
	pthread_mutex_unlock(&lock);
	return may;
}

void log_event(const char *format, ...)
{
	va_list values;
	unsigned left_out;

	if (!may_log(&left_out))
		return;
	if (left_out > 0)
		log_note("%u lines like these were left out", left_out);
	va_start(values, format);
	write_line(6, format, values);
	va_end(values);
}
