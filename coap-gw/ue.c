/* SPDX-License-Identifier: Apache-2.0 */
#include "ue.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "eese/control.h"

struct ue *ues_find(const struct ues *u, const char *id)
{
	struct ue *ue;

	HASH_FIND(hh, u->by_id, id, (unsigned)strlen(id), ue);
	return ue;
}

static void drop(struct ues *u, struct ue *ue)
{
	u->forgotten(u->ctx, ue);
	/* It is in the table, and taken out before it is freed; the analyzer doesn't follow that.
	 */
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc) */
	HASH_DEL(u->by_id, ue);
	if (ue->holds == 0)
		DL_DELETE(u->idle, ue); /* NOLINT(clang-analyzer-core.NullDereference) */
	u->count--;
	free(ue);
}

static bool make_room(struct ues *u)
{
	if (u->count >= u->count_max && u->idle != NULL)
		drop(u, u->idle);
	return u->count < u->count_max;
}

static struct ue *make(struct ues *u, const char *id)
{
	struct ue *ue = make_room(u) ? calloc(1, sizeof(*ue)) : NULL;

	if (ue == NULL)
		return NULL;
	memcpy(ue->id, id, strlen(id) + 1);
	HASH_ADD_KEYPTR(hh, u->by_id, ue->id, (unsigned)strlen(ue->id), ue);
	if (ue->hh.tbl == NULL) {
		free(ue);
		return NULL;
	}
	DL_APPEND(u->idle, ue);
	u->count++;
	return ue;
}

struct ue *ues_take(struct ues *u, const char *id)
{
	struct ue *ue = ues_find(u, id);

	if (ue == NULL)
		return make(u, id);
	if (ue->holds == 0) {
		DL_DELETE(u->idle, ue);
		DL_APPEND(u->idle, ue);
	}
	return ue;
}

void ues_clear(struct ues *u)
{
	struct ue *ue, *next;

	HASH_ITER(hh, u->by_id, ue, next)
	{
		drop(u, ue);
	}
}

void ue_hold(struct ues *u, struct ue *ue)
{
	if (ue->holds++ == 0)
		DL_DELETE(u->idle, ue);
}

void ue_release(struct ues *u, struct ue *ue)
{
	if (--ue->holds == 0)
		DL_APPEND(u->idle, ue);
}

/* octets 1 to 4 of a KEY_UPDATE are the KSN, and kid is its last three bits */
enum { KSN_AT = 1, KSN_SIZE = 4 };

void ue_keep_update(struct ue *ue, const uint8_t *msg, size_t len)
{
	enum eese_kind kind;

	if (len < EESE_KEY_UPDATE_MIN || len > EESE_KEY_UPDATE_MAX ||
	    eese_message_kind(msg, len, &kind) != EESE_OK || kind != EESE_KIND_KEY_UPDATE)
		return;
	/* The UE has it; and one may come on two connections. */
	if (memcmp(ue->used, msg + KSN_AT, KSN_SIZE) == 0 ||
	    (ue->update_len == len && memcmp(ue->update, msg, len) == 0))
		return;
	memcpy(ue->update, msg, len);
	ue->update_len = (uint8_t)len;
	ue->update_new = true;
}

bool ue_same_keyset(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a + KSN_AT, b + KSN_AT, KSN_SIZE) == 0;
}

bool ue_update_is_of(const uint8_t *update, uint8_t first)
{
	return (update[KSN_AT + KSN_SIZE - 1] & 7) == (first >> 3 & 7);
}

bool ue_uses(const struct ue *ue, const uint8_t *update)
{
	return memcmp(ue->used, update + KSN_AT, KSN_SIZE) == 0;
}

bool ue_accepted(struct ue *ue, uint8_t first)
{
	if (ue->update_len == 0 || !ue_update_is_of(ue->update, first))
		return false;
	memcpy(ue->used, ue->update + KSN_AT, KSN_SIZE);
	ue->update_len = 0;
	ue->update_new = false;
	return true;
}

void ue_known(struct ue *ue, const uint8_t network[NETWORK_SIZE])
{
	ue->known = true;
	memcpy(ue->home, network, NETWORK_SIZE);
}

bool ue_within_rate(struct ue *ue, const uint8_t network[NETWORK_SIZE], uint64_t now, long rate,
		    long burst)
{
	const bool home = ue->known && memcmp(ue->home, network, NETWORK_SIZE) == 0;

	return bucket_take(home ? &ue->rate : &ue->strangers, now, (uint32_t)rate, (uint32_t)burst);
}

uint64_t ue_update_tag(const struct ue *ue)
{
	return (uint32_t)hash_octets(ue->update, ue->update_len) | 1U;
}
