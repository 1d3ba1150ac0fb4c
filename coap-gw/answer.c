/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include <string.h>

#include "gateway.h"

enum {
	DATAGRAM_PAYLOAD = 1024, /* RFC 7252 4.6 */
	AMPLIFICATION = 3,       /* RFC 9175 2.6 */
};

void asker_init(struct asker *a, const struct message *m, bool verified)
{
	*a = (struct asker){
	    .session = coap_session_reference(m->session),
	    .peer = m->peer,
	    .type = m->type,
	    .mid = m->mid,
	    .token_len = m->token_len,
	    .no_response = m->no_response,
	    .size = m->size,
	    .block1 = m->block1,
	    .verified = verified,
	};
	memcpy(a->token, m->token, sizeof(a->token));
}

void asker_ack(struct gateway *g, struct asker *a)
{
	coap_pdu_t *pdu;

	if (a->type != COAP_MESSAGE_CON || a->acked)
		return;
	a->acked = true;
	exchange_acked(g->exchanges, &a->peer, a->mid);
	pdu = coap_pdu_init(COAP_MESSAGE_ACK, COAP_EMPTY_CODE, a->mid, 0);
	if (pdu != NULL)
		coap_send(a->session, pdu);
}

size_t asker_room(const struct asker *a, const struct reply *r)
{
	const size_t rest = reply_size(r, a->token_len) + 1;
	const size_t allowed = AMPLIFICATION * a->size;

	if (a->verified || allowed >= rest + DATAGRAM_PAYLOAD)
		return DATAGRAM_PAYLOAD;
	return allowed > rest ? allowed - rest : 0;
}

static coap_pdu_t *new_pdu(const struct asker *a)
{
	const bool in_ack = a->type == COAP_MESSAGE_CON && !a->acked;
	const coap_pdu_type_t type = in_ack ? COAP_MESSAGE_ACK : a->type;
	coap_pdu_t *pdu =
	    coap_pdu_init(type, COAP_EMPTY_CODE, in_ack ? a->mid : coap_new_message_id(a->session),
			  coap_session_max_pdu_size(a->session));

	if (pdu != NULL && a->token_len > 0 && !coap_add_token(pdu, a->token_len, a->token)) {
		coap_delete_pdu(pdu);
		pdu = NULL;
	}
	return pdu;
}

static void send_reply(const struct asker *a, const struct reply *r)
{
	coap_pdu_t *pdu = new_pdu(a);

	if (pdu == NULL)
		return;
	if (reply_write(r, pdu))
		coap_send(a->session, pdu);
	else
		coap_delete_pdu(pdu);
}

void asker_reply(struct gateway *g, struct asker *a, const struct reply *given)
{
	struct reply whole = *given;
	const struct reply *r = &whole;

	/* RFC 7959 2.3: the answer to the last block says so. */
	whole.block1 = a->block1;
	if (reply_unwanted(a->no_response, r->code)) {
		asker_ack(g, a);
	} else {
		send_reply(a, r);
		exchange_answered(g->exchanges, &a->peer, a->mid, r);
	}
	asker_forget(a);
}

void asker_forget(struct asker *a)
{
	if (a->session != NULL)
		coap_session_release(a->session);
	a->session = NULL;
}
