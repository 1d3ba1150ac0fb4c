/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t START_UNIX = 1800000000;

/* xorshift64*, so that a seed gives the same schedule everywhere. */
uint64_t world_random(struct world *w)
{
	w->prng ^= w->prng >> 12;
	w->prng ^= w->prng << 25;
	w->prng ^= w->prng >> 27;
	return w->prng * UINT64_C(0x2545f4914f6cdd1d);
}

unsigned world_below(struct world *w, unsigned n)
{
	return n == 0 ? 0 : (unsigned)((world_random(w) >> 32) % n);
}

bool world_percent(struct world *w, unsigned pct)
{
	return world_below(w, 100) < pct;
}

void world_fail(struct world *w, const char *what, size_t index)
{
	if (w->failure == NULL) {
		w->failure = what;
		w->failure_index = index;
	}
}

struct eese_time world_now(const struct world *w)
{
	return (struct eese_time){.ms = w->ms, .unix = START_UNIX + w->ms / 1000};
}

#define SAY(w, ...)                                                                                \
	do {                                                                                       \
		if ((w)->verbose) {                                                                \
			printf("%8" PRIu64 ".%03" PRIu64 "  ", (w)->ms / 1000, (w)->ms % 1000);    \
			printf(__VA_ARGS__);                                                       \
			putchar('\n');                                                             \
		}                                                                                  \
	} while (0)

/* A (key, number) pair stands for one string of octets, for ever. */
void world_nonce(struct world *w, enum eese_direction d, uint32_t ksn, const uint8_t *octets,
		 size_t len)
{
	struct eese_data_head head;
	uint64_t digest = UINT64_C(0xcbf29ce484222325);
	if (eese_data_head(octets, len, &head) != EESE_OK) {
		world_fail(w, "a message of ours is malformed", len);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		digest = (digest ^ octets[i]) * UINT64_C(0x100000001b3);
	}
	uint64_t at = (ksn * UINT64_C(31) + head.number * UINT64_C(7) + (unsigned)d) % NONCES;
	for (size_t tries = 0; tries < NONCES; tries++, at = (at + 1) % NONCES) {
		struct nonce *n = &w->nonces[at];
		if (!n->used) {
			*n = (struct nonce){ksn, (uint8_t)d, head.number, digest, true};
			return;
		}
		if (n->ksn == ksn && n->direction == d && n->number == head.number) {
			if (n->digest != digest) {
				world_fail(w, "a nonce was used twice", (size_t)head.number);
			}
			return;
		}
	}
}

/* ---- the device's port ---- */

/*
 * The octets name the keyset by kid only. New ones are under the newest keyset; a repeat carries
 * the octets of its handle's transmission before.
 */
static uint32_t ksn_of(struct world *w, const struct eese_ue_message *m)
{
	uint32_t ksn = eese_ue_ksn(&w->ue) ^ keys_tag_of_ue(w);
	struct sent *s = &w->sent[m->handle % SENT];
	if (s->life == w->ue_life && s->handle == m->handle && s->len == m->len &&
	    memcmp(s->octets, m->octets, m->len) == 0) {
		return s->ksn;
	}
	*s = (struct sent){.life = w->ue_life, .handle = m->handle, .ksn = ksn, .len = m->len};
	memcpy(s->octets, m->octets, m->len);
	return ksn;
}

static bool port_send(void *ctx, const struct eese_ue_message *m)
{
	struct world *w = ctx;
	if (w->transport != DATAGRAM && !w->connected) {
		return false;
	}
	if (m->channel == EESE_UE_UP) {
		world_nonce(w, EESE_UPLINK, ksn_of(w, m), m->octets, m->len);
		SAY(w, "UE   up   handle %u, kid %u number %u", m->handle, m->octets[0] >> 3 & 7,
		    m->octets[1]);
	} else {
		SAY(w, "UE   req  reason %u", m->octets[0] & 63);
	}
	link_send(w, m->channel == EESE_UE_UP ? UP : REQ, m->handle, false, m->octets, m->len);
	return true;
}

static uint64_t port_now(void *ctx)
{
	return ((struct world *)ctx)->ms;
}

static bool port_random(void *ctx, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		out[i] = (uint8_t)world_random(ctx);
	}
	return true;
}

static enum eese_ue_nvm_result port_nvm(void *ctx, enum eese_ue_nvm op,
					uint8_t record[EESE_UE_RECORD_SIZE])
{
	struct world *w = ctx;
	if (op == EESE_UE_NVM_READ && !w->record_written) {
		return EESE_UE_NVM_EMPTY;
	}
	if (op == EESE_UE_NVM_READ) {
		memcpy(record, w->record, sizeof w->record);
	} else {
		memcpy(w->record, record, sizeof w->record);
		w->record_written = true;
	}
	return EESE_UE_NVM_OK;
}

bool world_start_ue(struct world *w)
{
	struct eese_ue_config c = {
	    .ue_id = UE_ID,
	    .port = {port_send, port_now, port_random, port_nvm, w},
	    .arena = w->arena,
	    .arena_size = sizeof w->arena,
	    .scratch = w->scratch,
	    .scratch_size = sizeof w->scratch,
	    .keep = w->keep,
	    .keep_size = sizeof w->keep,
	    .reserve_block = 1 + (uint32_t)(w->seed % 70),
	    .repeat_ms = 2000,
	    .downlink_durable = true,
	};
	w->ue_life++;
	if (eese_ue_init(&w->ue, &c, w->keys.current) != EESE_OK) {
		return false;
	}
	keys_give_next(w);
	return true;
}

static void top_up(struct world *w)
{
	while (eese_endpoint_rands_wanted(w->ep) > 0) {
		uint8_t rand[EESE_RAND_SIZE];
		(void)port_random(w, rand, sizeof rand);
		eese_endpoint_add_rand(w->ep, rand);
	}
}

bool world_start_eese(struct world *w)
{
	struct eese_ue_entry entry = {.has_key = true, .group = "fleet"};
	memcpy(entry.int_key, w->keys.current, sizeof entry.int_key);
	w->eese_life++;
	w->keys.answer_at = UINT64_MAX;
	if (eese_endpoint_new(&w->config, &w->ep) != EESE_OK ||
	    (!w->keys.from_server &&
	     eese_endpoint_set_ue(w->ep, UE_ID, UE_ID_LEN, &entry) != EESE_OK)) {
		return false;
	}
	top_up(w);
	return true;
}

void world_restart_eese(struct world *w, enum restart how)
{
	struct eese_ue_saved saved;
	SAY(w, "EESE restarts, kind %d", how);
	w->crashes++;
	bool there = eese_endpoint_save(w->ep, UE_ID, UE_ID_LEN, &saved);
	eese_endpoint_free(w->ep);
	if (!world_start_eese(w)) {
		world_fail(w, "the EESE did not start", 0);
		return;
	}
	if (how == RESTART_CRASH) {
		saved.durable = false;
	}
	if (there && how != RESTART_LOST &&
	    eese_endpoint_restore(w->ep, UE_ID, UE_ID_LEN, &saved) != EESE_OK) {
		world_fail(w, "the EESE did not take its state", 0);
	}
	if (w->transport != DATAGRAM) {
		link_reset(w);
	}
}

void world_restart_ue(struct world *w)
{
	SAY(w, "UE restarts");
	for (size_t i = 0; i < w->up_count; i++) {
		struct ledger *l = &w->up[i];
		l->orphaned = l->orphaned || !(l->accepted || l->failed || l->unconfirmed);
	}
	if (w->transport != DATAGRAM) {
		link_reset(w);
	}
	eese_ue_wipe(&w->ue);
	if (!world_start_ue(w)) {
		world_fail(w, "the UE did not start", 0);
	} else if (w->transport == DATAGRAM) {
		eese_ue_connected(&w->ue);
	}
}

void world_carry_out(struct world *w, const struct eese_actions *out)
{
	if (out->control_len > 0) {
		SAY(w, "EESE ctl  first %02x len %zu", out->control[0], out->control_len);
		link_send(w, CTL, 0, false, out->control, out->control_len);
	}
	if (out->ask) {
		keys_ask(w);
	}
	top_up(w);
}

/* ---- both ends' deliveries ---- */

static void delivered(struct world *w, struct ledger *all, size_t count, unsigned life,
		      const uint8_t *plain, size_t len)
{
	size_t index;
	if (len != sizeof index) {
		world_fail(w, "something changed on the way", len);
		return;
	}
	memcpy(&index, plain, sizeof index);
	if (index >= count) {
		world_fail(w, "something arrived that was never sent", index);
		return;
	}
	struct ledger *l = &all[index];
	SAY(w, "%s message %zu delivered", all == w->up ? "up  " : "down", index);
	if (l->delivered > 0 && l->life == life) {
		world_fail(w, "delivered twice within one life", index);
	}
	l->delivered++;
	l->life = life;
}

static void at_eese(struct world *w, const struct packet *p)
{
	uint8_t plain[PACKET_SIZE];
	struct eese_actions out;
	w->answering = p->life;
	if (p->kind == REQ) {
		eese_endpoint_request(w->ep, world_now(w), UE_ID, UE_ID_LEN, p->octets, p->len,
				      &out);
	} else {
		eese_endpoint_data(w->ep, world_now(w), UE_ID, UE_ID_LEN, "t", 1, p->octets, p->len,
				   plain, &out);
		if (out.verdict == EESE_DELIVER) {
			/* with a key the EESE forgets what it accepted under the one before */
			delivered(w, w->up, w->up_count, w->eese_life ^ keys_tag_of_eese(w), plain,
				  out.plain_len);
		}
		if (p->handle != 0 && w->transport != MQTT_3) {
			SAY(w, "EESE verdict %d on handle %u (%s)", out.verdict, p->handle,
			    out.count < EESE_COUNT_MAX ? eese_counter_name(out.count) : "-");
			link_send(w, ACK, p->handle, out.verdict != EESE_DROP, NULL, 0);
		}
	}
	world_carry_out(w, &out);
}

static void at_ue(struct world *w, const struct packet *p)
{
	uint8_t plain[PACKET_SIZE];
	char topic[EESE_TOPIC_MAX];
	size_t len, topic_len;
	if (p->kind == ACK) {
		if (p->life == w->ue_life) { /* an answer to a life before reaches nobody */
			eese_ue_acknowledged(&w->ue, p->handle, p->positive);
		}
	} else if (p->kind == CTL) {
		(void)eese_ue_control(&w->ue, p->octets, p->len);
		while (eese_ue_next_kept(&w->ue, topic, &topic_len, plain, sizeof plain, &len) ==
		       EESE_OK) {
			delivered(w, w->down, w->down_count, 1, plain, len);
		}
	} else if (eese_ue_downlink(&w->ue, "t", 1, p->octets, p->len, plain, sizeof plain, &len) ==
		   EESE_OK) {
		delivered(w, w->down, w->down_count, 1, plain, len);
	}
}

static void arrive(struct world *w, const struct packet *p)
{
	if (p->kind == UP || p->kind == REQ) {
		at_eese(w, p);
	} else {
		at_ue(w, p);
	}
}

/* ---- the applications ---- */

static void publish_up(struct world *w)
{
	size_t index = w->up_count;
	/* Without verdicts no more than the last resend_keep are safe (clause 6). */
	if (index == MESSAGES ||
	    (w->transport == MQTT_3 && eese_ue_held(&w->ue) >= EESE_UE_RESEND_KEEP)) {
		return;
	}
	enum eese_result r = eese_ue_publish(&w->ue, "t", 1, (const uint8_t *)&index, sizeof index,
					     w->transport != MQTT_3, &w->up[index].handle);
	if (r == EESE_OK) {
		w->up[index].published = true;
		w->up_count++;
		SAY(w, "app  publishes %zu as handle %u", index, w->up[index].handle);
	} else if (r != EESE_FULL) {
		world_fail(w, "publish failed", index);
	}
}

static void publish_down(struct world *w)
{
	uint8_t sealed[PACKET_SIZE];
	struct eese_actions out;
	bool ordered;
	size_t index = w->down_count;
	if (index == MESSAGES) {
		return;
	}
	enum eese_result r = eese_endpoint_downlink(w->ep, world_now(w), UE_ID, UE_ID_LEN, "t", 1,
						    (const uint8_t *)&index, sizeof index, sealed,
						    sizeof sealed, &ordered, &out);
	if (r == EESE_NO_KEY && w->keys.from_server) {
		world_carry_out(w, &out); /* the plugin holds it */
		return;
	}
	if (r != EESE_OK) {
		world_fail(w, "downlink was not sealed", index);
		return;
	}
	w->down[index].published = true;
	w->down_count++;
	/* An EESE that lost its state may pick a KSN again, with another RAND: another key. */
	world_nonce(w, EESE_DOWNLINK, out.ksn ^ w->eese_life << 24 ^ keys_tag_of_eese(w), sealed,
		    out.sealed_len);
	world_carry_out(w, &out);
	link_send(w, DOWN, 0, false, sealed, out.sealed_len);
}

static void take_events(struct world *w)
{
	struct eese_ue_event e;
	while (eese_ue_next_event(&w->ue, &e)) {
		SAY(w, "UE   event %d handle %u ksn %u reason %u", e.kind, e.handle, e.ksn,
		    e.reason);
		keys_event(w, &e);
		for (size_t i = 0; e.handle != 0 && i < w->up_count; i++) {
			struct ledger *l = &w->up[i];
			if (l->handle != e.handle || l->orphaned || l->accepted || l->failed ||
			    l->unconfirmed) {
				continue; /* of another message, perhaps of a life before */
			}
			l->accepted = l->accepted || e.kind == EESE_UE_EVENT_ACCEPTED;
			l->failed = l->failed || e.kind == EESE_UE_EVENT_FAILED;
			l->unconfirmed = l->unconfirmed || e.kind == EESE_UE_EVENT_UNCONFIRMED;
			if (e.kind == EESE_UE_EVENT_ACCEPTED && l->delivered == 0) {
				world_fail(w, "reported as accepted, but not delivered", i);
			}
		}
	}
}

static void settle(struct world *w)
{
	(void)eese_ue_poll(&w->ue);
	take_events(w);
	keys_settle(w);
	w->ue_deadline = eese_ue_poll(&w->ue);
	take_events(w);
}

/* ---- the schedule ---- */

static void *sim_alloc(size_t size)
{
	return malloc(size);
}

static void draw(struct world *w)
{
	static const uint32_t te2e[] = {0, 5, 10, 30, 120, 3600};
	w->config = (struct eese_endpoint_config)EESE_ENDPOINT_DEFAULTS;
	w->config.alloc = sim_alloc;
	w->config.release = free;
	w->transport = (enum transport)world_below(w, 3);
	w->persistent_session = world_percent(w, 50);
	w->faults = true;
	w->loss_pct = world_below(w, 40);
	w->duplicate_pct = world_below(w, 30);
	w->delay_ms = 1 + world_below(w, world_percent(w, 20) ? 3000 : 300);
	w->config.te2e_s = te2e[world_below(w, 6)];
	w->config.refresh_margin_pct = world_percent(w, 50) ? 10 : 0;
	if (w->config.te2e_s == 5) {
		w->delay_ms = w->delay_ms % 300 + 1; /* a keyset must outlive the way there */
	}
	if (w->transport != MQTT_3) {
		w->eese_restarts = world_percent(w, 40) ? world_below(w, 5) : 0;
		w->ue_restarts = world_percent(w, 40) ? world_below(w, 4) : 0;
		w->adversary = world_percent(w, 40) ? world_below(w, 60) : 0;
	}
	w->quiet_at = 1000 * (20 + world_below(w, 400));
	w->connected = true;
	w->ms = 1000;
	keys_draw(w);
}

static uint64_t earliest(const struct world *w, uint64_t a, uint64_t b)
{
	uint64_t t = link_next(w), keys = keys_next(w);
	t = keys < t ? keys : t;
	t = w->ue_deadline < t ? w->ue_deadline : t;
	t = a < t ? a : t;
	t = b < t ? b : t;
	return t > w->ms ? t : w->ms;
}

static void run_until(struct world *w, uint64_t end)
{
	struct packet p;
	uint64_t next_app = w->ms, next_fault = w->ms;
	while (w->failure == NULL) {
		uint64_t t = earliest(w, w->faults ? next_app : UINT64_MAX,
				      w->faults ? next_fault : UINT64_MAX);
		if (t >= end) {
			w->ms = end;
			return;
		}
		w->ms = t;
		if (w->keys.answer_at <= t) {
			keys_answer(w);
		} else if (link_next(w) <= t && link_take(w, &p)) {
			arrive(w, &p);
		} else if (w->faults && next_app <= t) {
			next_app = t + 100 + world_below(w, 8000);
			if (world_percent(w, 75)) {
				publish_up(w);
			} else {
				publish_down(w);
			}
		} else if (w->faults && next_fault <= t) {
			next_fault = t + 50 + world_below(w, 6000);
			faults_step(w);
		}
		settle(w);
		if (!w->faults && eese_ue_held(&w->ue) == 0 && w->packet_count == 0 &&
		    w->keys.answer_at == UINT64_MAX) {
			return;
		}
	}
}

/* Whether what the EESE sends always arrives in the end. */
static bool keeps_control(const struct world *w)
{
	return w->transport == MQTT_3 || (w->transport == MQTT_5 && w->persistent_session);
}

static bool undisturbed(const struct world *w)
{
	return keeps_control(w) && w->crashes == 0 && w->adversary == 0 && !w->keys.from_server;
}

/* After the last fault everything must come to rest with every promise kept. */
static void check_end(struct world *w)
{
	if (eese_ue_held(&w->ue) != 0) {
		world_fail(w, "stuck: messages are held two days after the last fault",
			   eese_ue_held(&w->ue));
	}
	for (size_t i = 0; i < w->up_count; i++) {
		const struct ledger *l = &w->up[i];
		/* Where control messages may be lost again and again, giving a message back, said
		 * aloud, is all that is left (N2's ten seconds, N8's five errors); main() holds
		 * how often. */
		w->given_back += l->failed;
		if (l->failed && undisturbed(w)) {
			world_fail(w, "given back as failed without a reason", i);
		}
		if (l->delivered == 0 && !l->orphaned && !l->failed) {
			world_fail(w, "lost", i);
		}
	}
	for (size_t i = 0; undisturbed(w) && i < w->down_count; i++) {
		if (w->down[i].delivered == 0) {
			world_fail(w, "downlink lost", i);
		}
	}
}

bool world_run(struct world *w, uint64_t seed, bool verbose)
{
	memset(w, 0, sizeof *w);
	w->seed = seed;
	w->verbose = verbose;
	w->prng = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	draw(w);
	SAY(w, "transport %d te2e %u margin %u loss %u %% delay %u ms", w->transport,
	    w->config.te2e_s, w->config.refresh_margin_pct, w->loss_pct, w->delay_ms);
	if (!world_start_eese(w) || !world_start_ue(w)) {
		world_fail(w, "did not start", 0);
	} else {
		eese_ue_connected(&w->ue);
		settle(w);
		run_until(w, w->quiet_at);
		w->faults = false;
		if (!w->connected) {
			link_connect(w);
		}
		settle(w);
		run_until(w, w->ms + UINT64_C(48) * 3600 * 1000);
		if (w->failure == NULL) {
			check_end(w);
		}
	}
	eese_endpoint_free(w->ep);
	eese_ue_wipe(&w->ue);
	return w->failure == NULL;
}
