/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong: resets, restarts of either end, expiry by command, an adversary on the link. */
#include <string.h>

#include "world.h"

static void expire(struct world *w)
{
	struct eese_actions unused;
	switch (world_below(w, 3)) {
	case 0:
		eese_endpoint_expire_all(w->ep);
		break;
	case 1:
		(void)!eese_endpoint_expire_group(w->ep, "fleet", 5);
		break;
	default:
		(void)!eese_endpoint_expire_ue(w->ep, "ue1", 3, &unused);
	}
}

static void forge_error(struct world *w)
{
	uint8_t octets[EESE_ERROR_MAX];
	size_t len;
	struct eese_error e = {.reason = (uint8_t)(1 + world_below(w, 7)),
			       .kid = (uint8_t)world_below(w, 8),
			       .number = world_below(w, 70)};
	if (eese_error_encode(&e, octets, &len) == EESE_OK) {
		link_send(w, CTL, 0, false, octets, len);
	}
}

/* Replays something heard before, whole or damaged, or makes something up. */
static void attack(struct world *w)
{
	struct packet p = {.kind = world_percent(w, 50) ? UP : REQ, .len = 1 + world_below(w, 40)};
	if (world_percent(w, 10)) {
		forge_error(w);
		return;
	}
	if (w->recorded_count > 0 && world_percent(w, 90)) {
		p = w->recorded[world_below(w, (unsigned)w->recorded_count)];
	} else {
		for (size_t i = 0; i < p.len; i++) {
			p.octets[i] = (uint8_t)world_random(w);
		}
	}
	if (world_percent(w, 20)) {
		p.octets[world_below(w, (unsigned)p.len)] ^= (uint8_t)(1u << world_below(w, 8));
	}
	link_send(w, p.kind, 0, false, p.octets, p.len);
}

static void restart_eese(struct world *w)
{
	if (w->eese_restarts > 0) {
		w->eese_restarts--;
		world_restart_eese(w, (enum restart)world_below(w, 3));
	}
}

static void restart_ue(struct world *w)
{
	if (w->ue_restarts > 0) {
		w->ue_restarts--;
		world_restart_ue(w);
	}
}

static void run_aka(struct world *w)
{
	if (w->keys.runs > 0) {
		w->keys.runs--;
		keys_run_aka(w, (enum aka_end)world_below(w, 3));
	}
}

/* One thing of the many that may happen now. */
void faults_step(struct world *w)
{
	unsigned what = world_below(w, 100);
	if (what < 10) {
		expire(w);
	} else if (what < 14) {
		restart_eese(w);
	} else if (what < 18) {
		restart_ue(w);
	} else if (what < 20) {
		run_aka(w);
	} else if (what < 30 && w->transport == MQTT_5) {
		if (w->connected) {
			link_reset(w);
		} else {
			link_connect(w);
		}
	} else if (what < 30 + w->adversary) {
		attack(w);
	}
}
