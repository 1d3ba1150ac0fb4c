/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <psa/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "eese/keys.h"

/* Seconds an Echo holds; octets of its time and of its MAC. */
enum { LIFE_S = 60, TIME_SIZE = 4, MAC_SIZE = 8, VALUE_SIZE = TIME_SIZE + MAC_SIZE, KEY_SIZE = 32 };

static psa_key_id_t key;

bool client_seed(void)
{
	psa_key_attributes_t a = PSA_KEY_ATTRIBUTES_INIT;

	psa_set_key_type(&a, PSA_KEY_TYPE_HMAC);
	psa_set_key_bits(&a, KEY_SIZE * 8);
	psa_set_key_usage_flags(&a, PSA_KEY_USAGE_SIGN_MESSAGE);
	psa_set_key_algorithm(&a, PSA_ALG_HMAC(PSA_ALG_SHA_256));
	return psa_generate_key(&a, &key) == PSA_SUCCESS;
}

struct client *client_of(struct clients *c, coap_session_t *session)
{
	struct client *client = coap_session_get_app_data(session);

	if (client != NULL)
		return client;
	client = calloc(1, sizeof(*client));
	if (client == NULL)
		return NULL;
	client->session = session;
	client->verified = coap_session_get_proto(session) == COAP_PROTO_DTLS;
	coap_session_set_app_data(session, client);
	coap_session_set_ack_timeout(session, c->ack_timeout);
	coap_session_set_max_retransmit(session, c->max_retransmit);
	DL_APPEND(c->list, client);
	c->count++;
	return client;
}

void client_named(struct client *c, const void *name, size_t len)
{
	c->name[0] = '\0';
	if (len >= sizeof(c->name))
		return;
	memcpy(c->name, name, len);
	c->name[len] = '\0';
}

void client_lost(struct clients *c, coap_session_t *session)
{
	struct client *client = coap_session_get_app_data(session);

	if (client == NULL)
		return;
	client->lost = true;
	c->any_lost = true;
}

/* Not where it is found out: libcoap is then in the middle of its queue. */
void clients_poll(struct clients *c)
{
	struct client *client, *next;

	if (!c->any_lost)
		return;
	c->any_lost = false;
	DL_FOREACH_SAFE(c->list, client, next)
	{
		coap_session_t *session = client->session;

		if (!client->lost)
			continue;
		client->lost = false;
		coap_session_reference(session);
		coap_session_disconnected(session, COAP_NACK_NOT_DELIVERABLE);
		coap_session_release(session);
	}
}

/* The name is that of the handshake that is over. */
void client_closed(struct clients *c, coap_session_t *session)
{
	struct client *client = coap_session_get_app_data(session);

	if (client == NULL)
		return;
	client->name[0] = '\0';
	client->closed = true;
	c->any_closed = true;
}

void client_opened(coap_session_t *session)
{
	struct client *client = coap_session_get_app_data(session);

	if (client != NULL)
		client->closed = false;
}

void client_gone(struct clients *c, coap_session_t *session)
{
	struct client *client = coap_session_get_app_data(session);

	if (client == NULL)
		return;
	coap_session_set_app_data(session, NULL);
	DL_DELETE(c->list, client);
	c->count--;
	free(client);
}

void clients_clear(struct clients *c)
{
	while (c->list != NULL)
		client_gone(c, c->list->session);
}

/* The time in seconds, and a MAC over it and the sender's address and port. */
static bool make_value(const struct peer *peer, uint32_t seconds, uint8_t out[VALUE_SIZE])
{
	uint8_t text[sizeof(*peer) + TIME_SIZE], mac[32];
	size_t len;

	for (int i = 0; i < TIME_SIZE; i++)
		out[i] = (uint8_t)(seconds >> (8 * (TIME_SIZE - 1 - i)));
	memcpy(text, peer, sizeof(*peer));
	memcpy(text + sizeof(*peer), out, TIME_SIZE);
	if (psa_mac_compute(key, PSA_ALG_HMAC(PSA_ALG_SHA_256), text, sizeof(text), mac,
			    sizeof(mac), &len) != PSA_SUCCESS)
		return false;
	memcpy(out + TIME_SIZE, mac, MAC_SIZE);
	return true;
}

static uint32_t seconds_of(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool client_verify(struct client *c, const struct message *m, uint64_t now)
{
	const uint32_t seconds = (uint32_t)(now / 1000);
	uint8_t value[VALUE_SIZE];

	if (c->verified || m->echo == NULL || m->echo_len != VALUE_SIZE)
		return c->verified;
	if (seconds - seconds_of(m->echo) > LIFE_S ||
	    !make_value(&m->peer, seconds_of(m->echo), value))
		return false;
	c->verified = eese_equal(value, m->echo, VALUE_SIZE);
	return c->verified;
}

struct reply client_ask(const struct message *m, uint64_t now)
{
	struct reply r = reply_of(CODE_UNAUTHORIZED);

	if (make_value(&m->peer, (uint32_t)(now / 1000), r.echo))
		r.echo_len = VALUE_SIZE;
	return r;
}
