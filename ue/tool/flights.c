/* SPDX-License-Identifier: Apache-2.0 */
#include "flights.h"

#include <string.h>

#include "eese/data.h"

struct flight flight_of(const struct eese_ue_message *m)
{
	struct flight f = {.handle = m->handle};
	struct eese_data_head head;

	if (eese_data_head(m->octets, m->len, &head) == EESE_OK) {
		f.head_size = head.size;
		memcpy(f.head, m->octets, head.size);
	}
	return f;
}

bool flights_has(const struct flights *list, const struct flight *f)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct flight *g = &list->items[i];

		if (g->handle == f->handle && g->head_size == f->head_size &&
		    memcmp(g->head, f->head, f->head_size) == 0)
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

bool flights_take(struct flights *list, int mid, uint32_t *handle)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].mid != mid)
			continue;
		*handle = list->items[i].handle;
		list->items[i] = list->items[--list->count];
		return true;
	}
	return false;
}
