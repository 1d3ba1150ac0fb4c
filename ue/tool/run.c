/* SPDX-License-Identifier: Apache-2.0 */
#include "run.h"

#include <string.h>

enum {
	POST = 2,
	PUT = 3,
	PATIENCE = 93000, /* RFC 7252, 4.8.2: MAX_TRANSMIT_WAIT, in milliseconds */
};

static void end(struct run *r, enum run_end how, const char *why)
{
	r->end = how;
	r->why = why;
}

/* Looked at when libcoap is done: its session may be in our way before. */
static void on_answer(void *ctx, const struct coap_client_answer *a)
{
	struct run *r = ctx;

	r->answer = *a;
	if (r->answer.len > sizeof(r->payload))
		r->answer.len = sizeof(r->payload);
	if (r->answer.len > 0)
		memcpy(r->payload, a->payload, r->answer.len);
	r->answer.payload = r->payload;
	r->came = true;
}

static void ask(struct run *r, struct coap_client_request request, uint64_t now)
{
	r->exchange.answered = on_answer;
	r->exchange.ctx = r;
	r->asked = true;
	request.path = &r->place;
	request.patience = PATIENCE;
	if (!coap_client_send(&r->client, &r->exchange, &request, now))
		end(r, r->aka.state == EESE_AKA_ANSWERED ? RUN_UNCERTAIN : RUN_NO_ANSWER,
		    "the request could not be sent");
}

/* POST enps/aka: who we are. */
static void ask_challenge(struct run *r, uint64_t now)
{
	const char *domain = r->config->domain == EESE_DOMAIN_HPS ? "hps" : "enps";
	const char *identity = r->config->identity;

	r->place.len = 0;
	if (coap_client_path_add(&r->place, domain, strlen(domain)) &&
	    coap_client_path_add(&r->place, "aka", 3))
		ask(r,
		    (struct coap_client_request){.method = POST,
						 .payload = (const uint8_t *)identity,
						 .len = strlen(identity)},
		    now);
}

/* PUT to where the challenge came from: RES, or AUTS. */
static void answer_challenge(struct run *r, const struct eese_aka_answer *answer, uint64_t now)
{
	ask(r,
	    (struct coap_client_request){.method = PUT,
					 .query = answer->auts ? "auts" : NULL,
					 .payload = answer->octets,
					 .len = answer->len},
	    now);
}

static const char *challenge_text(enum eese_result r)
{
	switch (r) {
	case EESE_MALFORMED:
		return "its challenge is malformed";
	case EESE_NOT_AUTHENTIC:
		return "its challenge is not made with this USIM's key";
	case EESE_INVALID:
		return "its challenge is made for another domain";
	case EESE_FULL:
		return "its sequence numbers stay behind, AUTS or not";
	default:
		return eese_result_text(r);
	}
}

/* The key is stored before RES leaves: from then on it may be in force. */
static bool store_key(struct run *r)
{
	uint8_t key[EESE_INT_KEY_SIZE];
	uint32_t lifetime;
	const bool ok =
	    eese_aka_key(&r->aka, key, &lifetime) && r->config->take_key(r->config->ctx, key);

	eese_wipe(key, sizeof(key));
	return ok;
}

static void challenged(struct run *r, uint64_t now)
{
	struct eese_aka_answer answer;
	enum eese_result result;

	if (r->answer.location.len > 0)
		r->place = r->answer.location;
	else if (r->aka.resyncs == 0) {
		end(r, RUN_UNTRUSTED, "its challenge has no Location-Path");
		return;
	}
	result = eese_aka_challenge(&r->aka, r->answer.payload, r->answer.len, &answer);
	if (result == EESE_OK && (answer.auts || store_key(r)))
		answer_challenge(r, &answer, now);
	else if (result == EESE_OK || result == EESE_STORAGE)
		end(r, RUN_FILES, "a file could not be written");
	else
		end(r, RUN_UNTRUSTED, challenge_text(result));
	eese_wipe(&answer, sizeof(answer));
}

static void refused(struct run *r)
{
	switch (r->answer.code) {
	case 0:
		end(r, RUN_NO_ANSWER, r->answer.why);
		break;
	case 401:
		end(r, RUN_REFUSED, "the home network doesn't accept RES");
		break;
	case 403:
		end(r, RUN_REFUSED, "subscriber not known, barred, or not in this domain");
		break;
	case 404:
		end(r, RUN_NO_ANSWER, "the server has forgotten the challenge, or knows no AKA");
		break;
	case 429:
	case 503:
		end(r, RUN_NO_ANSWER, "the server is busy");
		break;
	default:
		end(r, RUN_NO_ANSWER, "the server failed");
		break;
	}
}

/* RES is out. Whatever is no clear yes or no leaves the key standing. */
static void res_answered(struct run *r)
{
	const unsigned code = r->answer.code;

	if (code == 401 || code == 403)
		refused(r);
	else if (code == 204 && eese_aka_accepted(&r->aka, r->payload, r->answer.len) == EESE_OK)
		end(r, RUN_KEY, NULL);
	else
		end(r, RUN_UNCERTAIN, "nobody said what became of RES");
	r->lifetime = r->aka.lifetime;
}

static void answered(struct run *r, uint64_t now)
{
	r->came = false;
	if (r->aka.state == EESE_AKA_ANSWERED)
		res_answered(r);
	else if (r->answer.code == 201)
		challenged(r, now);
	else if (r->answer.code == 0 && r->client.refused && r->aka.resyncs == 0 &&
		 coap_client_next_address(&r->client))
		ask_challenge(r, now);
	else
		refused(r);
}

void run_start(struct run *r, const struct run_config *config)
{
	memset(r, 0, sizeof(*r));
	r->config = config;
	eese_aka_start(&r->aka, config->usim, config->domain);
	coap_client_open(&r->client, config->host, config->port, NULL);
}

uint64_t run_prepare(const struct run *r, struct pollfd *p, uint64_t now)
{
	const uint64_t until = coap_client_prepare(&r->client, p, now);
	const bool due = r->client.state == COAP_CLIENT_FAILED ||
			 (r->client.state == COAP_CLIENT_OPEN && !r->asked);

	return due ? now : until;
}

enum run_end run_done(struct run *r, uint64_t now)
{
	coap_client_done(&r->client, now);
	if (r->client.state == COAP_CLIENT_FAILED)
		end(r, RUN_NO_ANSWER, r->client.why);
	else if (r->client.state == COAP_CLIENT_OPEN && !r->asked)
		ask_challenge(r, now);
	else if (r->came)
		answered(r, now);
	return r->end;
}

void run_close(struct run *r)
{
	if (!r->config)
		return;
	coap_client_close(&r->client);
	eese_aka_wipe(&r->aka);
	eese_wipe(r, sizeof(*r));
}
