/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/daemon/challenges.h"

#include <stdlib.h>
#include <string.h>

#include "emks/crypto.h"

struct challenges {
	int64_t life_s;
	size_t count;
	size_t oldest, used; /* places in use, in the order they were taken in */
	struct challenge at[];
};

struct challenges *challenges_new(size_t count, int64_t life_s)
{
	struct challenges *c = calloc(1, sizeof *c + count * sizeof c->at[0]);

	if (c != NULL) {
		c->count = count;
		c->life_s = life_s;
	}
	return c;
}

void challenges_free(struct challenges *c)
{
	if (c != NULL)
		eese_wipe(c->at, c->count * sizeof c->at[0]);
	free(c);
}

/* RFC 4648 clause 5, without padding. */
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void write_text(const uint8_t *token, char *text)
{
	for (size_t i = 0; i < TOKEN_SIZE; i += 3) {
		uint32_t v = (uint32_t)token[i] << 16 | (uint32_t)token[i + 1] << 8 | token[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			*text++ = base64url[v >> shift & 63];
	}
	*text = '\0';
}

static bool read_text(const char *text, size_t len, uint8_t *token)
{
	uint32_t v = 0;

	if (len != TOKEN_TEXT)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char *at = text[i] != '\0' ? strchr(base64url, text[i]) : NULL;

		if (at == NULL)
			return false;
		v = v << 6 | (uint32_t)(at - base64url);
		if (i % 4 == 3) {
			*token++ = (uint8_t)(v >> 16);
			*token++ = (uint8_t)(v >> 8);
			*token++ = (uint8_t)v;
		}
	}
	return true;
}

static void drop_oldest(struct challenges *c)
{
	challenge_end(&c->at[c->oldest]);
	c->oldest = (c->oldest + 1) % c->count;
	c->used--;
}

struct challenge *challenge_add(struct challenges *c, int64_t now, enum eese_domain domain,
				const struct hss_subscriber *subscriber,
				const struct vector *vector, char text[TOKEN_TEXT + 1])
{
	struct challenge *new;
	size_t place;

	if (c->used == c->count)
		drop_oldest(c);
	place = (c->oldest + c->used) % c->count;
	new = &c->at[place];
	new->token[0] = (uint8_t)(place >> 8);
	new->token[1] = (uint8_t)place;
	if (!crypto_random(new->token + 2, sizeof new->token - 2))
		return NULL;
	new->state = CHALLENGE_OPEN;
	new->domain = domain;
	new->subscriber = subscriber->id;
	new->sim = subscriber->sim;
	new->until = now + c->life_s;
	new->vector = *vector;
	write_text(new->token, text);
	c->used++;
	return new;
}

struct challenge *challenge_find(struct challenges *c, int64_t now, enum eese_domain domain,
				 const char *text, size_t len)
{
	uint8_t token[TOKEN_SIZE];
	struct challenge *found;
	size_t place;

	if (!read_text(text, len, token))
		return NULL;
	place = (size_t)token[0] << 8 | token[1];
	if (place >= c->count)
		return NULL;
	found = &c->at[place];
	if (found->state == CHALLENGE_NONE || found->domain != domain || now >= found->until ||
	    !eese_equal(found->token, token, sizeof token))
		return NULL;
	return found;
}

void challenge_end(struct challenge *challenge)
{
	eese_wipe(challenge, sizeof *challenge);
}

/* From the oldest on: those after the first that still lives are younger. */
void challenges_sweep(struct challenges *c, int64_t now)
{
	while (c->used > 0 &&
	       (c->at[c->oldest].state == CHALLENGE_NONE || now >= c->at[c->oldest].until))
		drop_oldest(c);
}
