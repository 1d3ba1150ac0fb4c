/* SPDX-License-Identifier: Apache-2.0 */
#include "flights.h"

#include <string.h>

struct flight flight_of(const struct eese_ue_message *m)
{
	struct flight f = {.handle = m->handle};

	if (m->len >= FLIGHT_TAIL)
		memcpy(f.tail, m->octets + m->len - FLIGHT_TAIL, FLIGHT_TAIL);
	return f;
}

bool flights_has(const struct flights *list, const struct flight *f)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct flight *g = &list->items[i];

		if (g->handle == f->handle && memcmp(g->tail, f->tail, FLIGHT_TAIL) == 0)
			return true;
	}
	return false;
}

bool flights_has_handle(const struct flights *list, uint32_t handle)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].handle == handle)
			return true;
	return false;
}

void flights_add(struct flights *list, const struct flight *f)
{
	list->items[list->count++] = *f;
}

void flights_cross(struct flights *list, size_t sent)
{
	for (size_t i = 0; i < list->count && i < sent; i++)
		list->items[i].crossed = true;
}

bool flights_take(struct flights *list, int mid, struct flight *f)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].mid != mid)
			continue;
		*f = list->items[i];
		list->count--;
		memmove(&list->items[i], &list->items[i + 1],
			(list->count - i) * sizeof(list->items[i]));
		return true;
	}
	return false;
}
