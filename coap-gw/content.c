/* SPDX-License-Identifier: Apache-2.0 */
#include "content.h"

#include <string.h>

#include "bundle.h"

/* One message with its topic and all that may stand beside it. */
static uint8_t buffer[EESE_MESSAGE_MAX + EESE_TOPIC_MAX + EESE_KEY_UPDATE_MAX + 64];

static void bare(struct gateway *g, const struct queue *q, const char *sub, struct content *out)
{
	struct spooled m;

	out->format = FORMAT_OCTETS;
	if (!queue_next(g, q, 0, sub, &m))
		return;
	memcpy(buffer, m.octets, m.len);
	out->octets = buffer;
	out->len = m.len;
	out->first = out->last = m.number;
}

static bool add(struct bundle *b, const struct spooled *m, struct content *out)
{
	if (strcmp(m->sub, SPOOL_CONTROL) != 0)
		return bundle_message(b, m->sub, m->sub_len, m->octets, m->len, m->number);
	if (!bundle_control(b, m->octets, m->len, m->number))
		return false;
	out->update = true;
	return true;
}

/* The first message of all, whatever its size. */
static void lone(struct gateway *g, const struct queue *q, struct content *out)
{
	struct bundle b = {buffer, sizeof(buffer), 0};
	struct spooled m;

	if (!queue_next(g, q, 0, NULL, &m))
		return;
	add(&b, &m, out);
	bundle_number(&b, m.number);
	out->octets = buffer;
	out->len = b.len;
	out->first = out->last = m.number;
}

/* True: there are more than fit or are wanted. */
static bool add_messages(struct gateway *g, const struct queue *q, bool many, struct bundle *b,
			 struct content *out)
{
	struct spooled m = {.number = 0};

	while (q != NULL && queue_next(g, q, m.number, NULL, &m)) {
		if ((out->last != 0 && !many) || !add(b, &m, out))
			return true;
		if (out->first == 0)
			out->first = m.number;
		out->last = m.number;
	}
	return false;
}

static bool bundled(struct gateway *g, const struct ue *ue, const uint8_t *update,
		    size_t update_len, size_t room, bool many, struct content *out)
{
	struct bundle b = {buffer, room < sizeof(buffer) ? room : sizeof(buffer), 0};
	bool more = update_len > 0;

	if (update_len > 0 && bundle_update(&b, update, update_len)) {
		out->update = true;
		more = false;
	}
	if (!more)
		more = add_messages(g, ue->queue, many, &b, out);
	if (out->last != 0)
		bundle_number(&b, out->last);
	if (more)
		bundle_more(&b);
	out->octets = buffer;
	out->len = b.len;
	return more;
}

void content_ride(struct gateway *g, const struct ue *ue, const uint8_t *update, size_t update_len,
		  size_t room, struct content *out)
{
	*out = (struct content){.format = FORMAT_CBOR_SEQ};
	bundled(g, ue, update, update_len, room, true, out);
}

void content_make(struct gateway *g, const struct ue *ue, const struct wish *w, struct content *out)
{
	*out = (struct content){.format = FORMAT_CBOR_SEQ};
	if (w->sub != NULL) {
		bare(g, ue->queue, w->sub, out);
		return;
	}
	if (w->alone) {
		lone(g, ue->queue, out);
		return;
	}
	/* If not even the first fits, it goes in blocks, by itself. */
	if (bundled(g, ue, NULL, 0, w->room, w->many, out) && out->last == 0)
		lone(g, ue->queue, out);
}
