/* SPDX-License-Identifier: Apache-2.0 */
#include "aka_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/hex.h"

const char aka_k[] = "465b5ce8b199b49faa5f0a2ee238a6bc";
const char aka_opc[] = "cd63cb71954a9f4e48a5994e37a02baf";

enum {
	DATAGRAM_MAX = 2048,
	TOKEN_MAX = 8,
	POST = 2,
	PUT = 3,
	TYPE_ACK = 2,
	TYPE_RST = 3,
	LOCATION_PATH = 8,
	URI_PATH = 11,
	URI_QUERY = 15,
	FIRST_SEQ = 1000,
};

/* A request, taken apart. */
struct request {
	uint8_t code, token[TOKEN_MAX], token_len;
	uint16_t mid;
	bool hps, auts;
	const uint8_t *payload;
	size_t len;
};

/* RFC 7252, 3.1: a nibble of 13 or 14 has the rest of the number behind it. */
static bool extend(const uint8_t **p, const uint8_t *end, unsigned *n)
{
	const unsigned octets = *n == 13 ? 1 : *n == 14 ? 2 : 0;
	unsigned v = *n == 13 ? 13 : 269;

	if (*n == 15 || end - *p < (ptrdiff_t)octets)
		return false;
	if (octets == 1)
		v += (*p)[0];
	if (octets == 2)
		v += (unsigned)(*p)[0] << 8 | (*p)[1];
	*p += octets;
	if (octets > 0)
		*n = v;
	return true;
}

static void take_option(struct request *r, unsigned number, const uint8_t *value, size_t len)
{
	if (number == URI_PATH && len == 3 && memcmp(value, "hps", 3) == 0)
		r->hps = true;
	if (number == URI_QUERY && len == 4 && memcmp(value, "auts", 4) == 0)
		r->auts = true;
}

static bool read_options(struct request *r, const uint8_t *p, const uint8_t *end)
{
	unsigned number = 0;

	while (p < end && *p != 0xff) {
		unsigned delta = *p >> 4, len = *p & 15U;

		p++;
		if (!extend(&p, end, &delta) || !extend(&p, end, &len) || end - p < (ptrdiff_t)len)
			return false;
		number += delta;
		take_option(r, number, p, len);
		p += len;
	}
	r->payload = p < end ? p + 1 : end;
	r->len = (size_t)(end - r->payload);
	return true;
}

static bool read_request(struct request *r, const uint8_t *p, size_t len)
{
	memset(r, 0, sizeof *r);
	if (len < 4 || p[0] >> 6 != 1 || (p[0] & 15U) > TOKEN_MAX || len < 4U + (p[0] & 15U))
		return false;
	r->token_len = p[0] & 15U;
	r->code = p[1];
	r->mid = (uint16_t)(p[2] << 8 | p[3]);
	memcpy(r->token, p + 4, r->token_len);
	return read_options(r, p + 4 + r->token_len, p + len);
}

/* ---- answers ---- */

struct answer {
	uint8_t p[DATAGRAM_MAX];
	size_t len;
};

static void begin(struct answer *a, const struct request *r, unsigned code)
{
	a->p[0] = (uint8_t)(1U << 6 | TYPE_ACK << 4 | r->token_len);
	a->p[1] = (uint8_t)(code / 100 << 5 | code % 100);
	a->p[2] = (uint8_t)(r->mid >> 8);
	a->p[3] = (uint8_t)r->mid;
	memcpy(a->p + 4, r->token, r->token_len);
	a->len = 4U + r->token_len;
}

static void add_place(struct answer *a, const char *domain, unsigned n)
{
	char token[16];
	const char *const segments[] = {domain, "aka", token};

	snprintf(token, sizeof token, "t%u", n);
	for (unsigned i = 0; i < 3; i++) {
		const size_t len = strlen(segments[i]);

		a->p[a->len++] = (uint8_t)((i == 0 ? LOCATION_PATH << 4 : 0) | (int)len);
		memcpy(a->p + a->len, segments[i], len);
		a->len += len;
	}
}

static void add_payload(struct answer *a, const uint8_t *p, size_t len)
{
	if (len > 0)
		a->p[a->len++] = 0xff;
	memcpy(a->p + a->len, p, len);
	a->len += len;
}

/* ---- MILENAGE ---- */

static void card(uint8_t k[EESE_K_SIZE], uint8_t opc[EESE_OP_SIZE])
{
	(void)eese_hex_read(aka_k, strlen(aka_k), k, EESE_K_SIZE);
	(void)eese_hex_read(aka_opc, strlen(aka_opc), opc, EESE_OP_SIZE);
}

static void make_challenge(struct aka_server *s)
{
	uint8_t k[EESE_K_SIZE], opc[EESE_OP_SIZE], sqn[EESE_SQN_SIZE];
	uint8_t *rand = s->challenge, *autn = rand + EESE_AKA_RAND_SIZE;
	uint8_t *amf = autn + EESE_SQN_SIZE;
	const uint64_t v = s->seq << EESE_SQN_IND_BITS | s->seq % EESE_SQN_SLOTS;
	struct eese_milenage_out f = {0};
	const bool other = s->manner == AKA_OTHER_DOMAIN;

	card(k, opc);
	k[0] ^= s->manner == AKA_OTHER_KEY ? 1 : 0;
	for (unsigned i = 0; i < sizeof sqn; i++)
		sqn[i] = (uint8_t)(v >> (8 * (sizeof sqn - 1 - i)));
	for (unsigned i = 0; i < EESE_AKA_RAND_SIZE; i++)
		rand[i] = (uint8_t)(s->seq * 31 + i * 7);
	amf[0] = s->manner == AKA_NO_SEPARATION ? 0 : 0x80;
	amf[1] = (s->domain == EESE_DOMAIN_HPS) != other ? EESE_AMF_HPS : EESE_AMF_ENPS;
	if (eese_milenage_f2345(k, opc, rand, &f) != EESE_OK ||
	    eese_milenage_f1(k, opc, rand, sqn, amf, amf + EESE_AMF_SIZE, NULL) != EESE_OK)
		memset(autn, 0, EESE_AUTN_SIZE);
	for (unsigned i = 0; i < sizeof sqn; i++)
		autn[i] = sqn[i] ^ f.ak[i];
}

static void outputs(const struct aka_server *s, struct eese_milenage_out *f)
{
	uint8_t k[EESE_K_SIZE], opc[EESE_OP_SIZE];

	card(k, opc);
	if (eese_milenage_f2345(k, opc, s->challenge, f) != EESE_OK)
		memset(f, 0, sizeof *f);
}

static bool take_res(struct aka_server *s, const struct request *r)
{
	struct eese_milenage_out f;
	uint8_t key[EESE_INT_KEY_SIZE];

	outputs(s, &f);
	if (r->len != sizeof f.res || memcmp(r->payload, f.res, sizeof f.res) != 0 ||
	    eese_derive_domain_key(s->domain, f.ck, f.ik, key) != EESE_OK)
		return false;
	/* A repeated RES makes no second key. */
	if (s->keys == 0 || memcmp(key, s->key, sizeof key) != 0) {
		char hex[2 * EESE_INT_KEY_SIZE + 1];

		s->keys++;
		eese_hex_write(key, sizeof key, hex);
		if (s->on_key)
			s->on_key(s->ctx, hex);
	}
	memcpy(s->key, key, sizeof key);
	return true;
}

static void take_auts(struct aka_server *s, const struct request *r)
{
	struct eese_milenage_out f;
	uint64_t sqn_ms = 0;

	outputs(s, &f);
	for (unsigned i = 0; i < EESE_SQN_SIZE && r->len == EESE_AUTS_SIZE; i++)
		sqn_ms = sqn_ms << 8 | (r->payload[i] ^ f.ak_star[i]);
	s->seq = sqn_ms >> EESE_SQN_IND_BITS;
	s->auts++;
}

/* ---- what it does ---- */

static void challenge(struct aka_server *s, const struct request *r, struct answer *a)
{
	static const uint8_t many[1900];

	if (s->manner != AKA_SAME_CHALLENGE || s->asked + s->auts == 1) {
		s->seq++;
		make_challenge(s);
	}
	begin(a, r, 201);
	if (s->manner != AKA_NO_PLACE)
		add_place(a, r->hps ? "hps" : "enps", s->asked);
	if (s->manner == AKA_LONG || s->manner == AKA_HUGE)
		add_payload(a, many, s->manner == AKA_LONG ? 1000 : sizeof many);
	else if (s->manner != AKA_EMPTY)
		add_payload(a, s->challenge, sizeof s->challenge - (s->manner == AKA_SHORT));
}

static void on_post(struct aka_server *s, const struct request *r, struct answer *a)
{
	s->asked++;
	s->domain = r->hps ? EESE_DOMAIN_HPS : EESE_DOMAIN_ENPS;
	if (s->manner == AKA_STALE)
		s->seq--;
	switch (s->manner) {
	case AKA_SILENT:
		break;
	case AKA_REFUSES:
		begin(a, r, 403);
		break;
	case AKA_BUSY:
		begin(a, r, 503);
		break;
	case AKA_GARBAGE:
		for (a->len = 0; a->len < 64; a->len++)
			a->p[a->len] = (uint8_t)(r->mid * 13 + a->len * 71 + s->asked);
		break;
	case AKA_RESET:
		begin(a, r, 0);
		a->p[0] = 1U << 6 | TYPE_RST << 4;
		a->len = 4;
		break;
	default:
		challenge(s, r, a);
		break;
	}
}

static void on_res(struct aka_server *s, const struct request *r, struct answer *a)
{
	uint8_t lifetime[EESE_AKA_LIFETIME_SIZE];
	bool good;

	s->answered++;
	if (s->manner == AKA_RES_LOST)
		return;
	good = s->manner != AKA_WRONG_RES && take_res(s, r);
	if (s->manner == AKA_ANSWER_LOST)
		return;
	if (s->manner == AKA_FORGETS) {
		begin(a, r, 404);
		return;
	}
	good = good && s->manner != AKA_FORGED_REFUSAL;
	begin(a, r, good ? 204 : 401);
	for (unsigned i = 0; i < sizeof lifetime; i++)
		lifetime[i] = (uint8_t)(s->lifetime >> (8 * (sizeof lifetime - 1 - i)));
	if (good)
		add_payload(a, lifetime, sizeof lifetime);
}

static void serve(struct aka_server *s, const struct request *r, struct answer *a)
{
	a->len = 0;
	if (r->code == POST) {
		on_post(s, r, a);
	} else if (r->code == PUT && r->auts) {
		take_auts(s, r);
		challenge(s, r, a);
	} else if (r->code == PUT) {
		on_res(s, r, a);
	}
}

static void *run(void *ctx)
{
	struct aka_server *s = ctx;
	bool stopping = false;

	while (!stopping) {
		struct pollfd p = {.fd = s->fd, .events = POLLIN};
		struct sockaddr_in from;
		socklen_t size = sizeof from;
		uint8_t in[DATAGRAM_MAX];
		struct request r;
		struct answer a = {.len = 0};
		ssize_t n = -1;

		if (poll(&p, 1, 20) > 0)
			n = recvfrom(s->fd, in, sizeof in, 0, (struct sockaddr *)&from, &size);
		pthread_mutex_lock(&s->lock);
		if (n > 0 && read_request(&r, in, (size_t)n))
			serve(s, &r, &a);
		stopping = s->stopping;
		pthread_mutex_unlock(&s->lock);
		if (a.len > 0)
			(void)sendto(s->fd, a.p, a.len, 0, (struct sockaddr *)&from, size);
	}
	return NULL;
}

bool aka_server_start(struct aka_server *s)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t size = sizeof at;

	memset(s, 0, sizeof *s);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&at, sizeof at) != 0 ||
	    getsockname(s->fd, (struct sockaddr *)&at, &size) != 0)
		return false;
	s->port = ntohs(at.sin_port);
	s->seq = FIRST_SEQ;
	s->lifetime = 3600;
	return pthread_mutex_init(&s->lock, NULL) == 0 &&
	       pthread_create(&s->thread, NULL, run, s) == 0;
}

void aka_server_stop(struct aka_server *s)
{
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	pthread_mutex_destroy(&s->lock);
	close(s->fd);
}

void aka_server_set(struct aka_server *s, enum aka_manner manner, uint32_t lifetime)
{
	pthread_mutex_lock(&s->lock);
	s->manner = manner;
	s->lifetime = lifetime;
	pthread_mutex_unlock(&s->lock);
}

void aka_server_tell(struct aka_server *s, void (*on_key)(void *ctx, const char *hex), void *ctx)
{
	pthread_mutex_lock(&s->lock);
	s->on_key = on_key;
	s->ctx = ctx;
	pthread_mutex_unlock(&s->lock);
}

struct aka_counts aka_server_counts(struct aka_server *s)
{
	struct aka_counts c;

	pthread_mutex_lock(&s->lock);
	c = (struct aka_counts){s->asked, s->auts, s->answered, s->keys};
	pthread_mutex_unlock(&s->lock);
	return c;
}

void aka_server_key(struct aka_server *s, char hex[2 * EESE_INT_KEY_SIZE + 1])
{
	pthread_mutex_lock(&s->lock);
	eese_hex_write(s->key, sizeof s->key, hex);
	pthread_mutex_unlock(&s->lock);
}
