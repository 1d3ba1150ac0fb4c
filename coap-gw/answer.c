/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include <string.h>

#include "gateway.h"

enum {
	DATAGRAM_PAYLOAD = 1024, /* RFC 7252 4.6 */
	AMPLIFICATION = 3,       /* RFC 9175 2.6 */
	EMPTY_SIZE = 4,
};

void asker_init(struct asker *a, const struct message *m, bool verified)
{
	*a = (struct asker){
	    .session = coap_session_reference(m->session),
	    .key = exchange_key(m),
	    .type = m->type,
	    .no_response = m->no_response,
	    .size = m->size,
	    .block1 = m->block1,
	    .verified = verified,
	};
}

void asker_ack(struct gateway *g, struct asker *a)
{
	coap_pdu_t *pdu;

	if (a->type != COAP_MESSAGE_CON || a->acked)
		return;
	a->acked = true;
	exchange_acked(g->exchanges, &a->key);
	pdu = coap_pdu_init(COAP_MESSAGE_ACK, COAP_EMPTY_CODE, a->key.mid, 0);
	if (pdu != NULL)
		coap_send(a->session, pdu);
}

size_t asker_room(const struct asker *a, const struct reply *r)
{
	const size_t rest = reply_size(r, a->key.token_len) + 1;
	const size_t allowed = AMPLIFICATION * a->size;

	if (a->verified || allowed >= rest + DATAGRAM_PAYLOAD)
		return DATAGRAM_PAYLOAD;
	return allowed > rest ? allowed - rest : 0;
}

static bool fits(const struct asker *a, const struct reply *r, size_t times)
{
	return a->verified ||
	       times * reply_size(r, a->key.token_len) + (a->acked ? EMPTY_SIZE : 0) <=
		   AMPLIFICATION * a->size;
}

bool asker_fits(const struct asker *a, const struct reply *r)
{
	return fits(a, r, 1);
}

/* What comes behind an empty ACK is confirmable unless its repetitions would be too much. */
static coap_pdu_type_t type_of(const struct gateway *g, const struct asker *a,
			       const struct reply *r)
{
	const size_t transmissions = 1 + (size_t)g->options->max_retransmit;

	if (a->type != COAP_MESSAGE_CON)
		return a->type;
	if (!a->acked)
		return COAP_MESSAGE_ACK;
	return fits(a, r, transmissions) ? COAP_MESSAGE_CON : COAP_MESSAGE_NON;
}

static coap_mid_t send_as(const struct asker *a, coap_pdu_type_t type, const struct reply *r)
{
	coap_pdu_t *pdu =
	    coap_pdu_init(type, COAP_EMPTY_CODE,
			  type == COAP_MESSAGE_ACK ? a->key.mid : coap_new_message_id(a->session),
			  coap_session_max_pdu_size(a->session));

	if (pdu == NULL)
		return COAP_INVALID_MID;
	if ((a->key.token_len == 0 || coap_add_token(pdu, a->key.token_len, a->key.token)) &&
	    reply_write(r, pdu))
		return coap_send(a->session, pdu);
	coap_delete_pdu(pdu);
	return COAP_INVALID_MID;
}

coap_mid_t asker_confirm(struct gateway *g, struct asker *a, const struct reply *r)
{
	asker_ack(g, a);
	return send_as(a, COAP_MESSAGE_CON, r);
}

void asker_reply(struct gateway *g, struct asker *a, const struct reply *r)
{
	struct reply whole = *r;

	/* RFC 7959 2.3: the answer to the last block says so. */
	whole.block1 = a->block1;
	if (reply_unwanted(a->no_response, r->code)) {
		asker_ack(g, a);
	} else {
		send_as(a, type_of(g, a, &whole), &whole);
		exchange_answered(g->exchanges, &a->key, &whole);
	}
	asker_forget(a);
}

void asker_forget(struct asker *a)
{
	if (a->session != NULL)
		coap_session_release(a->session);
	a->session = NULL;
}
