/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nobody catches a failure of uthash's allocator here. */
#define HASH_NONFATAL_OOM 0
#include <uthash.h>

struct entry {
	struct recorded seen;
	size_t key_len;
	UT_hash_handle hh;
	uint8_t key[]; /* channel, UE, sub with its NUL, octets */
};

static struct entry *table, **order;
static size_t count, size;

static const char *const channel_names[] = {"up/", "req", "down/", "ctl"};

/* e2e/<ue>/<channel> */
static bool take_apart(const char *topic, unsigned *ue, enum channel *channel, const char **sub)
{
	const char *slash;

	if (strncmp(topic, "e2e/", 4) != 0)
		return false;
	slash = strchr(topic + 4, '/');
	if (slash == NULL || !ue_of_name(topic + 4, (size_t)(slash - topic - 4), ue))
		return false;
	for (int i = 0; i < 4; i++) {
		size_t len = strlen(channel_names[i]);

		if (strncmp(slash + 1, channel_names[i], len) == 0) {
			*channel = (enum channel)i;
			*sub = slash + 1 + len;
			return true;
		}
	}
	return false;
}

static struct entry *make_entry(unsigned ue, enum channel channel, const char *sub,
				const uint8_t *octets, size_t len)
{
	size_t sub_len = strlen(sub) + 1, key_len = 1 + sizeof ue + sub_len + len;
	struct entry *e = calloc(1, sizeof *e + key_len);

	if (e == NULL)
		abort();
	e->key_len = key_len;
	e->key[0] = (uint8_t)channel;
	memcpy(e->key + 1, &ue, sizeof ue);
	memcpy(e->key + 1 + sizeof ue, sub, sub_len);
	memcpy(e->key + 1 + sizeof ue + sub_len, octets, len);
	e->seen = (struct recorded){.ue = ue,
				    .channel = channel,
				    .life = run.life,
				    .era = run.era,
				    .sub = (const char *)e->key + 1 + sizeof ue,
				    .octets = e->key + 1 + sizeof ue + sub_len,
				    .len = len};
	return e;
}

size_t record_count(void)
{
	return count;
}

const struct recorded *record_nth(size_t n)
{
	return &order[n]->seen;
}

void record_topic(const struct recorded *r, char out[128])
{
	char name[UE_NAME_MAX];

	ue_name(r->ue, name);
	snprintf(out, 128, "e2e/%s/%s%s", name, channel_names[r->channel], r->sub);
}

/* ---- the check ---- */

/* A keyset that was announced. */
struct announced {
	struct eese_key_update update;
	struct eese_keyset keys;
	unsigned life, era;
};

/* By KSN, as they came. */
struct keysets {
	struct announced *list;
	size_t count;
	char name[UE_NAME_MAX];
	uint8_t int_key[EESE_INT_KEY_SIZE], control_key[EESE_CONTROL_KEY_SIZE];
};

/* A number of a keyset and direction, and who used it. */
struct number_key {
	uint64_t number;
	uint32_t ue, keyset, direction, unused; /* keyset: its place in the list */
};

struct used_number {
	struct number_key key;
	const struct recorded *by;
	UT_hash_handle hh;
};

static struct keysets *keysets;
static struct record_sum control_sum; /* of what is checked when it comes */
static struct used_number *used;

void record_start(void)
{
	keysets = calloc(options.ues, sizeof *keysets);
	if (keysets == NULL)
		abort();
	for (unsigned ue = 0; ue < options.ues; ue++) {
		struct keysets *k = &keysets[ue];

		ue_name(ue, k->name);
		test_int_key(k->name, k->int_key);
		if (eese_derive_control_key(k->int_key, k->name, k->control_key) != EESE_OK)
			abort();
	}
}

/* The keyset announced just now, or before with the same RAND. */
static void note_update(struct keysets *k, const struct recorded *r,
			const struct eese_key_update *u)
{
	struct announced *a;

	for (size_t i = k->count; i > 0; i--) {
		a = &k->list[i - 1];
		if (a->update.ksn == u->ksn && a->update.alg == u->alg &&
		    memcmp(a->update.rand, u->rand, sizeof u->rand) == 0)
			return;
	}
	/* Without a store the time alone keeps KSNs from going back, and te2e is very short here:
	 * such a device has to ask. */
	a = k->count > 0 ? &k->list[k->count - 1] : NULL;
	if (a != NULL && u->ksn <= a->update.ksn && !(options.no_store && a->era != r->era))
		broken("%s: KSN went back from %u to %u", k->name, a->update.ksn, u->ksn);
	k->list = realloc(k->list, (k->count + 1) * sizeof *k->list);
	if (k->list == NULL)
		abort();
	a = &k->list[k->count++];
	*a = (struct announced){.update = *u, .life = r->life, .era = r->era};
	if (eese_derive_keyset(k->int_key, k->name, u->rand, u->ksn, u->alg, &a->keys) != EESE_OK)
		broken("%s: KSN %u has an algorithm that is none", k->name, u->ksn);
}

static void read_control(const struct recorded *r)
{
	struct keysets *k = &keysets[r->ue];
	struct eese_key_update u;
	struct eese_error error;
	enum eese_kind kind;

	if (eese_message_kind(r->octets, r->len, &kind) != EESE_OK) {
		broken("%s: on ctl came what is no message", k->name);
	} else if (kind == EESE_KIND_KEY_UPDATE) {
		control_sum.updates++;
		if (eese_key_update_decode(k->control_key, k->name, r->octets, r->len, &u) ==
		    EESE_OK)
			note_update(k, r, &u);
		else
			broken("%s: a KEY_UPDATE with a wrong MAC", k->name);
	} else {
		control_sum.errors++;
		if (kind != EESE_KIND_ERROR ||
		    eese_error_decode(r->octets, r->len, &error) != EESE_OK)
			broken("%s: on ctl came a message of kind %d", k->name, kind);
	}
}

void record_see(const char *topic, const uint8_t *octets, size_t len)
{
	struct entry *e, *known;
	enum channel channel;
	const char *sub;
	unsigned ue;

	if (!take_apart(topic, &ue, &channel, &sub))
		return;
	e = make_entry(ue, channel, sub, octets, len);
	HASH_FIND(hh, table, e->key, e->key_len, known);
	if (known != NULL) {
		free(e);
		return;
	}
	HASH_ADD_KEYPTR(hh, table, e->key, e->key_len, e);
	if (count == size) {
		size = 2 * size + 4096;
		order = realloc(order, size * sizeof(struct entry *));
		if (order == NULL)
			abort();
	}
	order[count++] = e;
	if (channel == CHANNEL_CTL)
		read_control(&e->seen);
}

static void read_request(const struct recorded *r, struct record_sum *sum)
{
	const struct keysets *k = &keysets[r->ue];
	struct eese_key_request request;

	sum->requests++;
	if (eese_key_request_decode(k->control_key, k->name, r->octets, r->len, &request) !=
	    EESE_OK)
		broken("%s: a KEY_REQUEST with a wrong MAC", k->name);
}

/* Which announced keyset it opens under; NULL: none. */
static const struct announced *keyset_of(const struct keysets *k, const struct recorded *r,
					 const struct eese_data_head *head)
{
	uint8_t plain[2048];
	size_t len;

	for (size_t i = k->count; i > 0; i--) {
		const struct announced *a = &k->list[i - 1];

		if ((a->update.ksn & 7) == head->kid &&
		    eese_data_open(r->channel == CHANNEL_UP ? &a->keys.up : &a->keys.down, k->name,
				   r->sub, strlen(r->sub), r->octets, r->len, plain, sizeof plain,
				   &len) == EESE_OK)
			return a;
	}
	return NULL;
}

static void note_number(const struct recorded *r, const struct announced *a, uint64_t number)
{
	struct used_number *u = calloc(1, sizeof *u), *known;

	if (u == NULL)
		abort();
	u->key = (struct number_key){.number = number,
				     .ue = r->ue,
				     .keyset = (uint32_t)(a - keysets[r->ue].list),
				     .direction = r->channel == CHANNEL_DOWN};
	u->by = r;
	HASH_FIND(hh, used, &u->key, sizeof u->key, known);
	if (known == NULL) {
		HASH_ADD(hh, used, key, sizeof u->key, u);
		return;
	}
	/* The recording has different messages only. */
	broken("%s: key and nonce twice: %s, KSN %u, number %llu", keysets[r->ue].name,
	       channel_names[r->channel], a->update.ksn, (unsigned long long)number);
	free(u);
}

static void read_data(const struct recorded *r, struct record_sum *sum)
{
	const struct keysets *k = &keysets[r->ue];
	const struct announced *a;
	struct eese_data_head head;

	if (r->channel == CHANNEL_UP)
		sum->up++;
	else
		sum->down++;
	if (eese_data_head(r->octets, r->len, &head) != EESE_OK) {
		broken("%s: %s: no data message", k->name, channel_names[r->channel]);
		return;
	}
	a = keyset_of(k, r, &head);
	if (a == NULL) {
		broken("%s: %s: a message under no keyset that was announced", k->name,
		       channel_names[r->channel]);
		return;
	}
	if (r->channel == CHANNEL_DOWN && r->era != a->era)
		broken("%s: downlink in era %u under KSN %u of era %u", k->name, r->era,
		       a->update.ksn, a->era);
	note_number(r, a, head.number);
}

void record_check(struct record_sum *sum)
{
	*sum = control_sum;
	for (size_t i = 0; i < count; i++) {
		const struct recorded *r = &order[i]->seen;

		if (r->channel == CHANNEL_REQ)
			read_request(r, sum);
		else if (r->channel != CHANNEL_CTL)
			read_data(r, sum);
	}
	sum->numbers = HASH_COUNT(used);
}
