/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "device.h"
#include "host/say.h"
#include "stop.h"

struct sub {
	struct device device;
	const struct options *options;
	long printed;
	bool output_failed;
};

static bool enough(const struct sub *s)
{
	return s->output_failed || (s->options->count > 0 && s->printed >= s->options->count);
}

static void print(void *ctx, const char *topic, size_t topic_len, const uint8_t *plain, size_t len)
{
	struct sub *s = ctx;

	if (enough(s))
		return;
	if (s->options->verbose) {
		fwrite(topic, 1, topic_len, stdout);
		fputc(' ', stdout);
	}
	fwrite(plain, 1, len, stdout);
	if (!s->options->no_eol)
		fputc('\n', stdout);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		say_error("standard output: %s", strerror(errno));
		s->output_failed = true;
	}
	s->printed++;
	/* At once, or what comes in the same read would be acknowledged and printed nowhere. */
	if (enough(s))
		link_stop_reading(&s->device.link);
}

static int run(struct sub *s)
{
	const uint64_t timeout = s->options->timeout;
	const uint64_t end = timeout > 0 ? device_now() + timeout : UINT64_MAX;
	int code = GO_ON;

	while (code == GO_ON) {
		if (enough(s))
			return s->output_failed ? EXIT_MESSAGE : EXIT_DONE;
		if (stop_asked())
			return EXIT_DONE;
		if (device_now() >= end)
			return s->options->count > 0 ? EXIT_MESSAGE : EXIT_DONE;
		code = device_turn(&s->device, NULL, end);
	}
	return code;
}

int sub_run(const struct options *o)
{
	struct sub *s = calloc(1, sizeof(*s));
	const struct device_owner owner = {.ctx = s, .plain = print};
	int code;

	if (!s) {
		say_error("out of memory");
		return EXIT_MESSAGE;
	}
	s->options = o;
	code = device_open(&s->device, o, &owner);
	if (code == GO_ON)
		code = run(s);
	device_close(&s->device);
	free(s);
	return code;
}
