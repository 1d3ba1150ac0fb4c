/* SPDX-License-Identifier: Apache-2.0 */
#include "liar.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "harness.h"

static unsigned short dice[3] = {1, 2, 3};

static unsigned throw_dice(unsigned sides)
{
	return (unsigned)nrand48(dice) % sides;
}

/* ---- the liar ---- */

bool liar_open(struct liar *l, uint16_t gateway_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t size = sizeof at;

	memset(l, 0, sizeof *l);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l->front.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (!coap_open(&l->back, gateway_port, false) || l->front.fd < 0 ||
	    bind(l->front.fd, (struct sockaddr *)&at, sizeof at) != 0 ||
	    getsockname(l->front.fd, (struct sockaddr *)&at, &size) != 0)
		return false;
	l->port = ntohs(at.sin_port);
	return true;
}

void liar_close(struct liar *l)
{
	coap_close(&l->front);
	coap_close(&l->back);
	for (size_t i = 0; i < LIAR_KEPT; i++) {
		free(l->requests[i]);
		free(l->answers[i]);
	}
	free(l->late);
}

/* What it was read from goes with it. */
static struct coap_message *copy_of(const struct coap_message *m)
{
	struct coap_message *copy = malloc(sizeof *copy);

	if (copy == NULL)
		abort();
	*copy = *m;
	for (size_t i = 0; i < m->option_count; i++)
		copy->options[i].value = copy->datagram + (m->options[i].value - m->datagram);
	if (m->len > 0)
		copy->payload = copy->datagram + (m->payload - m->datagram);
	return copy;
}

static void keep(struct coap_message *kept[LIAR_KEPT], size_t *count, const struct coap_message *m)
{
	const size_t at = *count < LIAR_KEPT ? (*count)++ : throw_dice(LIAR_KEPT);

	free(kept[at]);
	kept[at] = copy_of(m);
}

/* To the honest gateway, as a request of its own; what it answers. */
static bool carry(struct liar *l, const struct coap_message *request, struct coap_message *answer)
{
	struct coap_message m;

	coap_begin(&l->back, &m, COAP_CON, request->code);
	memcpy(m.options, request->options, sizeof m.options);
	m.option_count = request->option_count;
	m.payload = request->payload;
	m.len = request->len;
	if (!coap_exchange(&l->back, &m, answer))
		return false;
	keep(l->answers, &l->answer_count, answer);
	return true;
}

/* Gives this as the answer to that request. */
static void give(struct liar *l, const struct coap_message *request,
		 const struct coap_message *answer)
{
	struct coap_message m = *answer;

	m.type = COAP_ACK;
	m.mid = request->mid;
	m.token_len = request->token_len;
	memcpy(m.token, request->token, sizeof m.token);
	EXPECT(coap_transmit(&l->front, &m));
}

static void give_octets(struct liar *l, const struct coap_message *request, uint8_t code,
			const uint8_t *p, size_t len)
{
	const struct coap_message m = {.code = code, .payload = p, .len = len};

	give(l, request, &m);
}

/* An ERROR of any reason; 6 names the message. */
static void give_error(struct liar *l, const struct coap_message *request, uint8_t reason)
{
	const size_t head = request->len > 1 ? 1 + (request->payload[0] & 7u) : 0;
	uint8_t p[16] = {(uint8_t)(0xc0 | reason)};

	if (head > 0 && reason == EESE_ERROR_KEY_UNKNOWN && head <= request->len)
		memcpy(p + 1, request->payload, head);
	give_octets(l, request, COAP_CODE(401), p, reason == EESE_ERROR_KEY_UNKNOWN ? head + 1 : 1);
}

/* One it had, with an octet of its payload changed. */
static void give_changed(struct liar *l, const struct coap_message *request)
{
	struct coap_message *m;

	if (l->answer_count == 0)
		return;
	m = copy_of(l->answers[throw_dice((unsigned)l->answer_count)]);
	if (m->len > 0)
		m->datagram[(size_t)(m->payload - m->datagram) + throw_dice((unsigned)m->len)] ^=
		    (uint8_t)(1 + throw_dice(255));
	give(l, request, m);
	free(m);
}

static void give_noise(struct liar *l, const struct coap_message *request)
{
	static const uint8_t codes[] = {COAP_CODE(204), COAP_CODE(205), COAP_CODE(401),
					COAP_CODE(503), COAP_CODE(429), COAP_CODE(500)};
	uint8_t p[48];

	for (size_t i = 0; i < sizeof p; i++)
		p[i] = (uint8_t)throw_dice(256);
	give_octets(l, request, codes[throw_dice(sizeof codes)], p, throw_dice(sizeof p));
}

static void lie(struct liar *l, const struct coap_message *request)
{
	struct coap_message answer;

	l->lies++;
	switch (throw_dice(10)) {
	case 0: /* dropped */
		break;
	case 1: /* the answer is kept back, for another request perhaps */
		EXPECT(carry(l, request, &answer));
		break;
	case 2: /* three times, and once more one of before */
		for (int i = 0; i < 3; i++)
			EXPECT(carry(l, request, &answer));
		give(l, request, &answer);
		EXPECT(carry(l, l->requests[throw_dice((unsigned)l->request_count)], &answer));
		break;
	case 3: /* "accepted" */
		give_octets(l, request, COAP_CODE(204), NULL, 0);
		break;
	case 4: /* an old answer */
		if (l->answer_count > 0)
			give(l, request, l->answers[throw_dice((unsigned)l->answer_count)]);
		break;
	case 5:
	case 6:
		give_error(l, request, EESE_ERROR_KEY_UNKNOWN);
		break;
	case 7:
		give_error(l, request, (uint8_t)(1 + throw_dice(7)));
		break;
	case 8:
		give_changed(l, request);
		break;
	default:
		give_noise(l, request);
	}
}

static bool is_for(const struct coap_message *request, const char *what)
{
	return request->option_count > 2 && request->options[2].len == strlen(what) &&
	       memcmp(request->options[2].value, what, strlen(what)) == 0;
}

/* Readings are told to wait until a KEY_REQUEST comes, and one more is let through. */
static bool is_teased(struct liar *l, const struct coap_message *request)
{
	if (l->manner != TEASES)
		return false;
	if (is_for(request, "req"))
		l->let_through = true;
	if (!is_for(request, "up"))
		return false;
	if (!l->let_through)
		return true;
	l->let_through = false;
	return false;
}

static void take(struct liar *l, const struct coap_message *request)
{
	struct coap_message answer;

	if (is_teased(l, request)) {
		give_error(l, request, EESE_ERROR_UNREACHABLE);
		return;
	}
	if (l->manner == LIES && throw_dice(2) == 0) {
		lie(l, request);
		return;
	}
	EXPECT(carry(l, request, &answer));
	give(l, request, &answer);
}

/* Every tenth comes late, after the one behind it. */
static void take_in_turn(struct liar *l, const struct coap_message *request)
{
	struct coap_message *late = l->late;

	l->late = NULL;
	keep(l->requests, &l->request_count, request);
	if (l->manner == LIES && late == NULL && throw_dice(10) == 0) {
		l->late = copy_of(request);
		return;
	}
	take(l, request);
	if (late != NULL)
		take(l, late);
	free(late);
}

void liar_hear(struct liar *l)
{
	struct sockaddr_in from;
	socklen_t size = sizeof from;
	struct coap_message m;
	uint8_t first;

	if (recvfrom(l->front.fd, &first, 1, MSG_PEEK, (struct sockaddr *)&from, &size) < 0 ||
	    connect(l->front.fd, (struct sockaddr *)&from, size) != 0)
		return;
	if (coap_receive(&l->front, &m, 0) && m.type == COAP_CON && m.code != 0)
		take_in_turn(l, &m);
}
