/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <netinet/in.h>
#include <string.h>

enum { HEADER = 4, OPTION_ECHO = 252 };

void peer_of(const coap_session_t *session, struct peer *out)
{
	const coap_address_t *a = coap_session_get_addr_remote(session);

	memset(out, 0, sizeof(*out));
	out->secure = coap_session_get_proto(session) == COAP_PROTO_DTLS;
	if (a->addr.sa.sa_family == AF_INET6) {
		memcpy(out->address, &a->addr.sin6.sin6_addr, 16);
		out->port = ntohs(a->addr.sin6.sin6_port);
		out->scope = a->addr.sin6.sin6_scope_id;
	} else {
		out->address[10] = out->address[11] = 0xff;
		memcpy(out->address + 12, &a->addr.sin.sin_addr, 4);
		out->port = ntohs(a->addr.sin.sin_port);
	}
}

void peer_network(const struct peer *p, uint8_t out[NETWORK_SIZE])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (memcmp(p->address, mapped, sizeof(mapped)) == 0) {
		memset(out, 0, NETWORK_SIZE);
		memcpy(out, p->address + 12, 4);
	} else {
		memcpy(out, p->address, NETWORK_SIZE);
	}
}

static bool read_number(const uint8_t *text, size_t len, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*out = *out * 10 + (uint64_t)(text[i] - '0');
	}
	return len > 0 && len <= 18;
}

static uint64_t read_octets(const uint8_t *p, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | p[i];
	return value;
}

/* d or d=N. Queries of no meaning here are ignored, as those of a later version would be. */
static void take_query(struct message *m, const uint8_t *p, size_t len)
{
	if (len == 0 || p[0] != 'd' || (len > 1 && p[1] != '='))
		return;
	m->ride = true;
	if (len == 1)
		return;
	if (read_number(p + 2, len - 2, &m->ack))
		m->acks = true;
	else
		m->bad_query = true;
}

/* On a GET it says which response the client has. */
static void take_etag(struct message *m, const uint8_t *p, size_t len)
{
	if (m->code != COAP_REQUEST_CODE_GET || m->acks)
		return;
	m->ack = read_octets(p, len);
	m->acks = true;
}

/* RFC 7959 2.2; what is longer than three octets can't be one. */
static struct block block_of(const uint8_t *p, size_t len)
{
	const uint64_t value = read_octets(p, len);

	return (struct block){.present = true,
			      .more = (value & 8) != 0,
			      .num = (uint32_t)(value >> 4),
			      .szx = value & 7};
}

static void take_option(struct message *m, const char *base, coap_option_num_t number,
			const coap_opt_t *option)
{
	const uint8_t *p = coap_opt_value(option);
	const size_t len = coap_opt_length(option);

	switch (number) {
	case COAP_OPTION_URI_PATH:
		path_add(&m->path, base, p, len);
		break;
	case COAP_OPTION_URI_QUERY:
		take_query(m, p, len);
		break;
	case COAP_OPTION_CONTENT_FORMAT:
		m->format = (uint32_t)read_octets(p, len);
		break;
	case COAP_OPTION_ACCEPT:
		m->accept = (uint32_t)read_octets(p, len);
		break;
	case COAP_OPTION_OBSERVE:
		m->observe = (int)(read_octets(p, len) & 0xffffff);
		break;
	case COAP_OPTION_BLOCK1:
		m->block1 = block_of(p, len);
		break;
	case COAP_OPTION_BLOCK2:
		m->block2 = block_of(p, len);
		break;
	case COAP_OPTION_IF_NONE_MATCH:
		m->if_none_match = true;
		break;
	case COAP_OPTION_IF_MATCH:
		m->if_match_other |= len > 0;
		break;
	case COAP_OPTION_ETAG:
		take_etag(m, p, len);
		break;
	case COAP_OPTION_NORESPONSE:
		m->no_response = (uint32_t)read_octets(p, len);
		break;
	case OPTION_ECHO:
		m->echo = p;
		m->echo_len = len;
		break;
	default:
		break;
	}
}

void message_read(struct message *m, const char *base, coap_session_t *session,
		  const coap_pdu_t *pdu)
{
	const coap_bin_const_t token = coap_pdu_get_token(pdu);
	coap_opt_iterator_t iterator;
	const coap_opt_t *option;

	memset(m, 0, sizeof(*m));
	m->session = session;
	peer_of(session, &m->peer);
	m->type = coap_pdu_get_type(pdu);
	m->code = coap_pdu_get_code(pdu);
	m->mid = (uint16_t)coap_pdu_get_mid(pdu);
	m->token_len = (uint8_t)(token.length <= TOKEN_MAX ? token.length : 0);
	if (m->token_len > 0)
		memcpy(m->token, token.s, m->token_len);
	m->format = m->accept = FORMAT_NONE;
	m->observe = -1;
	m->size = HEADER + m->token_len;
	path_begin(&m->path);
	coap_option_iterator_init(pdu, &iterator, COAP_OPT_ALL);
	while ((option = coap_option_next(&iterator)) != NULL) {
		m->size += coap_opt_size(option);
		take_option(m, base, iterator.number, option);
	}
	path_end(&m->path);
	if (coap_get_data(pdu, &m->payload_len, &m->payload))
		m->size += 1 + m->payload_len;
	else
		m->payload_len = 0;
}

struct reply reply_of(uint8_t code)
{
	return (struct reply){.code = code, .format = FORMAT_NONE};
}

struct reply reply_later(uint8_t code, uint32_t max_age)
{
	struct reply r = reply_of(code);

	r.has_max_age = true;
	r.max_age = max_age;
	return r;
}

static bool add_number(coap_pdu_t *pdu, coap_option_num_t number, uint64_t value)
{
	uint8_t octets[8];
	const unsigned len = coap_encode_var_safe8(octets, sizeof(octets), value);

	return coap_add_option(pdu, number, len, octets) != 0;
}

static bool add_block(coap_pdu_t *pdu, coap_option_num_t number, const struct block *b)
{
	return !b->present ||
	       add_number(pdu, number, (uint64_t)b->num << 4 | (b->more ? 8U : 0U) | b->szx);
}

/* In the order of their numbers, as the encoding of options needs it. */
bool reply_write(const struct reply *r, coap_pdu_t *pdu)
{
	coap_pdu_set_code(pdu, (coap_pdu_code_t)r->code);
	return (!r->has_etag || add_number(pdu, COAP_OPTION_ETAG, r->etag)) &&
	       (!r->has_observe || add_number(pdu, COAP_OPTION_OBSERVE, r->observe)) &&
	       (r->format == FORMAT_NONE ||
		add_number(pdu, COAP_OPTION_CONTENT_FORMAT, r->format)) &&
	       (!r->has_max_age || add_number(pdu, COAP_OPTION_MAXAGE, r->max_age)) &&
	       add_block(pdu, COAP_OPTION_BLOCK2, &r->block2) &&
	       add_block(pdu, COAP_OPTION_BLOCK1, &r->block1) &&
	       (!r->has_size1 || add_number(pdu, COAP_OPTION_SIZE1, r->size1)) &&
	       (r->echo_len == 0 || coap_add_option(pdu, OPTION_ECHO, r->echo_len, r->echo) != 0) &&
	       (r->payload_len == 0 || coap_add_data(pdu, r->payload_len, r->payload));
}

static size_t number_size(bool there, uint64_t value)
{
	uint8_t octets[8];

	return there ? 2 + coap_encode_var_safe8(octets, sizeof(octets), value) : 0;
}

size_t reply_size(const struct reply *r, size_t token_len)
{
	return HEADER + token_len + number_size(r->has_etag, r->etag) +
	       number_size(r->has_observe, r->observe) +
	       number_size(r->format != FORMAT_NONE, r->format) +
	       number_size(r->has_max_age, r->max_age) + (r->block2.present ? 5 : 0) +
	       (r->block1.present ? 5 : 0) + number_size(r->has_size1, r->size1) +
	       (r->echo_len > 0 ? 3 + r->echo_len : 0) +
	       (r->payload_len > 0 ? 1 + r->payload_len : 0);
}

bool reply_unwanted(uint32_t no_response, uint8_t code)
{
	const unsigned class = code >> 5;

	return class > 0 && (no_response >> (class - 1) & 1U) != 0;
}
