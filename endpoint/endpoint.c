/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoint as a whole: its making, its RANDs, its counters. */
#include "endpoint/internal.h"

void *eese_ep_zalloc(struct eese_endpoint *ep, size_t size)
{
	void *p = ep->config.alloc(size);
	if (p != NULL) {
		memset(p, 0, size);
	}
	return p;
}

void eese_ep_release(struct eese_endpoint *ep, void *p, size_t size)
{
	if (p != NULL) {
		eese_wipe(p, size);
		ep->config.release(p);
	}
}

void eese_ep_verdict(struct eese_endpoint *ep, struct eese_actions *out, enum eese_verdict verdict,
		     enum eese_counter count)
{
	out->verdict = verdict;
	out->count = count;
	ep->counters[count]++;
	if (verdict == EESE_DROP) {
		out->events |= EESE_EVENT_REJECTED;
	} else if (verdict == EESE_SWALLOW) {
		out->events |= EESE_EVENT_REPLAYED;
	}
}

static bool config_sound(const struct eese_endpoint_config *c)
{
	return c->alloc != NULL && c->release != NULL && eese_alg_info(c->alg) != NULL &&
	       c->refresh_margin_pct <= 50 && c->update_interval_ms > 0 && c->pending_life_s > 0;
}

static void init_table(struct eese_table *t, const struct eese_endpoint_config *c, size_t half)
{
	t->alloc = c->alloc;
	t->release = c->release;
	memcpy(&t->seed, c->hash_seed + half * sizeof t->seed, sizeof t->seed);
}

enum eese_result eese_endpoint_new(const struct eese_endpoint_config *config,
				   struct eese_endpoint **out)
{
	*out = NULL;
	if (!config_sound(config)) {
		return EESE_INVALID;
	}
	struct eese_endpoint *ep = config->alloc(sizeof *ep);
	if (ep == NULL) {
		return EESE_FULL;
	}
	memset(ep, 0, sizeof *ep);
	ep->config = *config;
	init_table(&ep->ues, config, 0);
	init_table(&ep->groups, config, 1);
	ep->asks = eese_ep_zalloc(ep, ASKS * sizeof *ep->asks);
	if (ep->asks == NULL) {
		config->release(ep);
		return EESE_FULL;
	}
	*out = ep;
	return EESE_OK;
}

void eese_endpoint_free(struct eese_endpoint *ep)
{
	if (ep == NULL) {
		return;
	}
	size_t at = 0;
	ep->track = false;
	while (at < ep->ues.size) {
		if (ep->ues.slots[at] != NULL) {
			/* another one may move into this place */
			eese_ep_forget(ep, (struct ue *)ep->ues.slots[at]);
		} else {
			at++;
		}
	}
	eese_ep_free_changes(ep);
	for (size_t i = 0; i < ep->groups.size; i++) {
		struct group *g = (struct group *)ep->groups.slots[i];
		if (g != NULL) {
			ep->config.release(g);
		}
	}
	ep->config.release(ep->groups.slots);
	ep->config.release(ep->ues.slots);
	eese_ep_release(ep, ep->asks, ASKS * sizeof *ep->asks);
	void (*release)(void *p) = ep->config.release;
	eese_wipe(ep, sizeof *ep);
	release(ep);
}

size_t eese_endpoint_rands_wanted(const struct eese_endpoint *ep)
{
	return EESE_ENDPOINT_RANDS - ep->rand_count;
}

void eese_endpoint_add_rand(struct eese_endpoint *ep, const uint8_t rand[EESE_RAND_SIZE])
{
	if (ep->rand_count < EESE_ENDPOINT_RANDS) {
		memcpy(ep->rands[ep->rand_count++], rand, EESE_RAND_SIZE);
	}
}

uint64_t eese_endpoint_counter(const struct eese_endpoint *ep, enum eese_counter c)
{
	return c < EESE_COUNT_MAX ? ep->counters[c] : 0;
}

const char *eese_counter_name(enum eese_counter c)
{
	static const char *const names[EESE_COUNT_MAX] = {
	    [EESE_COUNT_OPENED] = "messages/opened",
	    [EESE_COUNT_SEALED] = "messages/sealed",
	    [EESE_COUNT_SWALLOWED] = "messages/replayed",
	    [EESE_COUNT_MALFORMED] = "rejected/malformed",
	    [EESE_COUNT_FAILED_TAG] = "rejected/failed tag",
	    [EESE_COUNT_FAILED_MAC] = "rejected/failed mac",
	    [EESE_COUNT_BELOW_WINDOW] = "rejected/below window",
	    [EESE_COUNT_REFUSED_INVALID] = "rejected/keyset invalid",
	    [EESE_COUNT_REFUSED_PREVIOUS] = "rejected/previous keyset",
	    [EESE_COUNT_REFUSED_NO_KEYSET] = "rejected/no keyset",
	    [EESE_COUNT_REFUSED_NO_KEY] = "rejected/no key",
	    [EESE_COUNT_REQUEST_IGNORED] = "requests/ignored",
	    [EESE_COUNT_REQUESTS] = "requests/received",
	    [EESE_COUNT_UPDATES_SENT] = "updates/sent",
	    [EESE_COUNT_ERRORS_SENT] = "errors/sent",
	    [EESE_COUNT_REFRESHED] = "keysets/refreshed",
	    [EESE_COUNT_EXPIRED_TIME] = "keysets/expired/te2e",
	    [EESE_COUNT_EXPIRED_ENTERPRISE] = "keysets/expired/enterprise",
	    [EESE_COUNT_EXPIRED_USAGE] = "keysets/expired/usage",
	    [EESE_COUNT_EXPIRED_INTEGRITY] = "keysets/expired/integrity",
	    [EESE_COUNT_DOWNLINK_WAITING] = "downlink/waiting",
	    [EESE_COUNT_ASKED] = "keyserver/asked",
	    [EESE_COUNT_WITHDRAWN] = "keyserver/withdrawn",
	};
	return c < EESE_COUNT_MAX ? names[c] : "unknown";
}
