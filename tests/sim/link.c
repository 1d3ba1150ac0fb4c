/* SPDX-License-Identifier: Apache-2.0 */
/* The link: packets under way, in order or not, lost or doubled. */
#include <string.h>

#include "world.h"

static bool downward(enum packet_kind kind)
{
	return kind == ACK || kind == CTL || kind == DOWN;
}

static uint64_t arrival(struct world *w, enum packet_kind kind)
{
	uint64_t at = w->ms + 1 + world_below(w, w->delay_ms);
	uint64_t *last = downward(kind) ? &w->last_down : &w->last_up;
	if (w->transport == DATAGRAM) {
		return at;
	}
	if (at < *last) {
		at = *last;
	}
	*last = at;
	return at;
}

static void enqueue(struct world *w, enum packet_kind kind, uint32_t handle, bool positive,
		    const uint8_t *octets, size_t len)
{
	if (w->packet_count == PACKETS || len > PACKET_SIZE) {
		return; /* a full router loses too */
	}
	struct packet *p = &w->packets[w->packet_count++];
	memset(p, 0, sizeof *p);
	p->at = arrival(w, kind);
	p->kind = kind;
	p->handle = handle;
	p->positive = positive;
	p->life = kind == ACK ? w->answering : w->ue_life;
	p->order = w->order++;
	p->len = len;
	if (len > 0) {
		memcpy(p->octets, octets, len);
	}
}

static void record(struct world *w, enum packet_kind kind, const uint8_t *octets, size_t len)
{
	if (len == 0 || len > PACKET_SIZE || kind == ACK) {
		return;
	}
	size_t i = w->recorded_count < RECORDED ? w->recorded_count++ : world_below(w, RECORDED);
	w->recorded[i] = (struct packet){.kind = kind, .len = len};
	memcpy(w->recorded[i].octets, octets, len);
}

void link_send(struct world *w, enum packet_kind kind, uint32_t handle, bool positive,
	       const uint8_t *octets, size_t len)
{
	record(w, kind, octets, len);
	if (w->transport != DATAGRAM && !w->connected) {
		/* the broker's queue for a persistent session; anything else is gone */
		if (w->persistent_session && (kind == CTL || kind == DOWN)) {
			enqueue(w, kind, handle, positive, octets, len);
		}
		return;
	}
	if (w->transport == DATAGRAM && w->faults && world_percent(w, w->loss_pct)) {
		return;
	}
	enqueue(w, kind, handle, positive, octets, len);
	if (w->transport == DATAGRAM && w->faults && world_percent(w, w->duplicate_pct)) {
		enqueue(w, kind, handle, positive, octets, len);
	}
}

/* The connection breaks: what was under way is lost, but for what the broker keeps. */
void link_reset(struct world *w)
{
	size_t kept = 0;
	for (size_t i = 0; i < w->packet_count; i++) {
		struct packet *p = &w->packets[i];
		if (w->persistent_session && (p->kind == CTL || p->kind == DOWN)) {
			w->packets[kept++] = *p;
		}
	}
	w->packet_count = kept;
	w->connected = false;
}

void link_connect(struct world *w)
{
	w->connected = true;
	w->last_up = w->last_down = w->ms;
	for (size_t i = 0; i < w->packet_count; i++) {
		w->packets[i].at = arrival(w, w->packets[i].kind);
	}
	eese_ue_connected(&w->ue);
}

static const struct packet *first(const struct world *w)
{
	const struct packet *best = NULL;
	for (size_t i = 0; i < w->packet_count; i++) {
		const struct packet *p = &w->packets[i];
		if (best == NULL || p->at < best->at ||
		    (p->at == best->at && p->order < best->order)) {
			best = p;
		}
	}
	return best;
}

uint64_t link_next(const struct world *w)
{
	const struct packet *p = first(w);
	return p == NULL || (w->transport != DATAGRAM && !w->connected) ? UINT64_MAX : p->at;
}

bool link_take(struct world *w, struct packet *out)
{
	const struct packet *p = first(w);
	if (p == NULL || p->at > w->ms) {
		return false;
	}
	*out = *p;
	size_t i = (size_t)(p - w->packets);
	memmove(&w->packets[i], &w->packets[i + 1],
		(w->packet_count - i - 1) * sizeof w->packets[0]);
	w->packet_count--;
	return true;
}
