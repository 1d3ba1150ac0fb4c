/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "device.h"
#include "lines.h"
#include "host/say.h"
#include "stop.h"

/* A message the library has taken and not settled. */
struct entry {
	uint32_t handle;
	bool sent;
	uint64_t taken; /* when */
};

struct pub {
	struct device device;
	const struct options *options;
	bool acknowledged;

	struct entry entries[EESE_UE_OUTSTANDING_MAX];
	size_t count;
	unsigned long accepted, unconfirmed, failed;

	struct lines lines; /* -l; otherwise it holds the one message */
	size_t message_len;
	long remaining; /* how often the one message is still to be published */
	uint64_t next;  /* when */
	bool full;      /* the library takes no more before something is settled */
	bool input_done;
	uint64_t input_end; /* when it was done */
};

static struct entry *find(struct pub *p, uint32_t handle)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->entries[i].handle == handle)
			return &p->entries[i];
	return NULL;
}

/* The library sends from inside eese_ue_publish() too, before that gives the handle. */
static struct entry *entry_for(struct pub *p, uint32_t handle)
{
	struct entry *e = find(p, handle);

	if (!e && p->count < EESE_UE_OUTSTANDING_MAX) {
		e = &p->entries[p->count++];
		*e = (struct entry){.handle = handle, .taken = device_now()};
	}
	return e;
}

static void on_sent(void *ctx, uint32_t handle)
{
	struct entry *e = entry_for(ctx, handle);

	if (e)
		e->sent = true;
}

static void on_event(void *ctx, const struct eese_ue_event *event)
{
	struct pub *p = ctx;
	struct entry *e = find(p, event->handle);

	if (event->kind == EESE_UE_EVENT_ACCEPTED)
		p->accepted++;
	else if (event->kind == EESE_UE_EVENT_UNCONFIRMED)
		p->unconfirmed++;
	else if (event->kind == EESE_UE_EVENT_FAILED)
		p->failed++;
	else
		return;
	if (event->kind == EESE_UE_EVENT_FAILED)
		say_error("message %u was not accepted", (unsigned)event->handle);
	else
		say_debug("message %u: %s", (unsigned)event->handle,
			  event->kind == EESE_UE_EVENT_ACCEPTED ? "accepted" : "sent, no verdict");
	if (e)
		*e = p->entries[--p->count];
	p->full = false;
}

/* Whether the library took the message; what it never will take counts as failed. */
static bool take(struct pub *p, const uint8_t *message, size_t len)
{
	const char *topic = p->options->topics[0];
	uint32_t handle;
	enum eese_result result;

	if (link_busy(&p->device.link))
		return false;
	result = eese_ue_publish(&p->device.ue, topic, strlen(topic), message, len, p->acknowledged,
				 &handle);

	if (result == EESE_FULL) {
		p->full = true;
		return false;
	}
	if (result == EESE_OK) {
		entry_for(p, handle);
		return true;
	}
	say_error("message not taken: %s", eese_result_text(result));
	p->failed++;
	return true;
}

static void input_is_done(struct pub *p)
{
	p->input_done = true;
	p->input_end = device_now();
}

static void feed_one(struct pub *p)
{
	uint64_t now = device_now();

	while (p->remaining > 0 && now >= p->next && take(p, p->lines.octets, p->message_len)) {
		p->remaining--;
		now = device_now();
		p->next = now + p->options->repeat_delay;
	}
	if (p->remaining == 0)
		input_is_done(p);
}

/* True if standard input has to be read before anything else can be done. */
static bool feed_lines(struct pub *p)
{
	const uint8_t *line;
	size_t len;

	for (;;) {
		switch (lines_next(&p->lines, &line, &len)) {
		case LINES_LINE:
			if (!take(p, line, len))
				return false;
			lines_taken(&p->lines);
			break;
		case LINES_TOO_LONG:
			say_error("line %lu is longer than %d octets; left out",
				  p->lines.number + 1, EESE_PLAINTEXT_MAX);
			p->failed++;
			break;
		case LINES_MORE:
			return true;
		case LINES_END:
			input_is_done(p);
			return false;
		}
	}
}

/* True if standard input is wanted. */
static bool feed(struct pub *p)
{
	if (p->input_done || p->full || !p->device.link.was_ready)
		return false;
	if (p->options->input == INPUT_LINES)
		return feed_lines(p);
	feed_one(p);
	return false;
}

/* Whether the message still waits for what its transport can tell. */
static bool waits(const struct pub *p, const struct entry *e)
{
	return p->acknowledged || !e->sent ||
	       flights_has_handle(&p->device.link.flights, e->handle);
}

/* When all is done if nothing else happens; UINT64_MAX: something has to happen. */
static uint64_t finish_time(const struct pub *p)
{
	const struct device *d = &p->device;
	uint64_t quiet = d->active;

	if (!p->input_done)
		return UINT64_MAX;
	if (p->acknowledged)
		return p->count == 0 ? 0 : UINT64_MAX;
	for (size_t i = 0; i < p->count; i++)
		if (waits(p, &p->entries[i]))
			return UINT64_MAX;
	if (d->request_open || !d->link.ready || d->link.flights.count > 0)
		return UINT64_MAX;
	/* No message left to be challenged: the library let go of the last one long ago, or none
	 * was ever taken. */
	if (p->count == 0)
		return 0;
	if (quiet < p->input_end)
		quiet = p->input_end;
	return quiet + p->options->linger;
}

/* When to give up. */
static uint64_t patience_end(const struct pub *p, uint64_t started)
{
	uint64_t oldest = UINT64_MAX;

	if (p->options->wait == 0)
		return UINT64_MAX;
	if (!p->device.link.was_ready)
		return started + p->options->wait;
	for (size_t i = 0; i < p->count; i++) {
		const struct entry *e = &p->entries[i];
		const uint64_t since = waits(p, e) ? e->taken : p->input_end;

		if ((waits(p, e) || p->input_done) && since < oldest)
			oldest = since;
	}
	/* On MQTT 3 the library lets go of a message before the broker has acknowledged it. */
	if (p->input_done && p->device.link.flights.count > 0 && p->input_end < oldest)
		oldest = p->input_end;
	return oldest == UINT64_MAX ? oldest : oldest + p->options->wait;
}

static int give_up(const struct pub *p, const char *why)
{
	if (!p->device.link.was_ready) {
		say_error("%s: no answer from the broker", why);
		return EXIT_CONNECTION;
	}
	say_error("%s: %zu not settled, %lu accepted, %lu failed%s%s", why, p->count, p->accepted,
		  p->failed, p->device.advice ? "; the EESE says: " : "",
		  p->device.advice ? device_advice(&p->device) : "");
	if (!p->device.advice && eese_ue_ksn(&p->device.ue) == 0)
		say_error("the EESE gave no keyset: is the MQTT user name the UE-ID? If this "
			  "device's state file was lost, it needs a new key");
	return EXIT_MESSAGE;
}

static int stopped(const struct pub *p)
{
	if (p->device.link.flights.count > 0)
		return give_up(p, "stopped");
	for (size_t i = 0; i < p->count; i++)
		if (waits(p, &p->entries[i]))
			return give_up(p, "stopped");
	if (!p->input_done && p->options->input != INPUT_LINES)
		return give_up(p, "stopped");
	return p->failed > 0 ? EXIT_MESSAGE : EXIT_DONE;
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void read_input(struct pub *p, const struct pollfd *input)
{
	if (input->revents == 0 || lines_fill(&p->lines, input->fd))
		return;
	say_error("standard input: %s", strerror(errno));
	p->failed++;
}

static int run(struct pub *p)
{
	const uint64_t started = device_now();
	int code = GO_ON;

	while (code == GO_ON) {
		struct pollfd input = {.fd = STDIN_FILENO};
		const bool wanted = feed(p);
		const uint64_t patience = patience_end(p, started), finish = finish_time(p);
		uint64_t until = earliest(patience, finish);

		if (stop_asked())
			return stopped(p);
		if (device_now() >= finish)
			return p->failed > 0 ? EXIT_MESSAGE : EXIT_DONE;
		if (device_now() >= patience)
			return give_up(p, "gave up");
		if (p->remaining > 0 && !p->full && p->device.link.was_ready &&
		    !link_busy(&p->device.link))
			until = earliest(until, p->next);
		code = device_turn(&p->device, wanted ? &input : NULL, until);
		if (wanted && code == GO_ON)
			read_input(p, &input);
	}
	return code;
}

/* Reads a descriptor to its end into the line buffer, whose room is one octet more than allowed. */
static bool read_all(struct pub *p, int fd, const char *name)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < sizeof(p->lines.octets)) {
		n = read(fd, p->lines.octets + len, sizeof(p->lines.octets) - len);
		if (n > 0)
			len += (size_t)n;
	}
	if (n < 0)
		say_error("%s: %s", name, strerror(errno));
	else if (len > EESE_PLAINTEXT_MAX)
		say_error("%s is longer than %d octets", name, EESE_PLAINTEXT_MAX);
	p->message_len = len;
	return n >= 0 && len <= EESE_PLAINTEXT_MAX;
}

static bool read_file(struct pub *p, const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0) {
		say_error("%s: %s", path, strerror(errno));
		return false;
	}
	ok = read_all(p, fd, path);
	close(fd);
	return ok;
}

static bool copy_text(struct pub *p, const char *text)
{
	p->message_len = strlen(text);
	if (p->message_len > EESE_PLAINTEXT_MAX) {
		say_error("the message is longer than %d octets", EESE_PLAINTEXT_MAX);
		return false;
	}
	memcpy(p->lines.octets, text, p->message_len);
	return true;
}

/* Gets the message, before anything is connected. */
static bool prepare(struct pub *p)
{
	const struct options *o = p->options;

	if (o->input == INPUT_LINES)
		return true;
	p->remaining = o->repeat;
	if (o->input == INPUT_MESSAGE)
		return copy_text(p, o->message);
	if (o->input == INPUT_FILE)
		return read_file(p, o->message);
	return o->input == INPUT_STDIN ? read_all(p, STDIN_FILENO, "standard input") : true;
}

int pub_run(const struct options *o)
{
	struct pub *p = calloc(1, sizeof(*p));
	const struct device_owner owner = {.ctx = p, .event = on_event, .sent = on_sent};
	int code = EXIT_MESSAGE;

	if (!p) {
		say_error("out of memory");
		return EXIT_MESSAGE;
	}
	p->options = o;
	p->acknowledged = options_acknowledged(o);
	if (prepare(p)) {
		code = device_open(&p->device, o, &owner);
		if (code == GO_ON)
			code = run(p);
		device_close(&p->device);
	}
	eese_wipe(p, sizeof(*p));
	free(p);
	return code;
}
