/* SPDX-License-Identifier: Apache-2.0 */
#include "host/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "host/text.h"

enum { LINE_ROOM = 8192 };

static bool errors_on = true, debug_on, events_on;

void say_setup(bool quiet, bool debug, bool events)
{
	errors_on = !quiet;
	debug_on = debug;
	events_on = events;
}

static void line(const char *prefix, const char *format, va_list ap)
{
	char text[LINE_ROOM];

	if (vsnprintf(text, sizeof text, format, ap) < 0)
		return;
	eese_text_clean(text);
	fprintf(stderr, "%s: %s\n", prefix, text);
}

void say_error(const char *format, ...)
{
	va_list ap;

	if (!errors_on)
		return;
	va_start(ap, format);
	line(program_invocation_short_name, format, ap);
	va_end(ap);
}

void say_debug(const char *format, ...)
{
	va_list ap;

	if (!debug_on)
		return;
	va_start(ap, format);
	line("debug", format, ap);
	va_end(ap);
}

void say_event(const char *format, ...)
{
	va_list ap;

	if (!events_on)
		return;
	va_start(ap, format);
	line("event", format, ap);
	va_end(ap);
}
