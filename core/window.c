/* SPDX-License-Identifier: Apache-2.0 */
#include "eese/window.h"

#include "eese/wire.h"

enum eese_window_place eese_window_check(const struct eese_window *w, uint64_t number)
{
	uint64_t back;

	if (number >= EESE_NUMBER_MAX)
		return EESE_WINDOW_BELOW;
	if (number >= w->next)
		return EESE_WINDOW_NEW;
	back = w->next - 1 - number;
	if (back >= EESE_WINDOW_WIDTH)
		return EESE_WINDOW_BELOW;
	return w->seen >> back & 1 ? EESE_WINDOW_SEEN : EESE_WINDOW_NEW;
}

void eese_window_mark(struct eese_window *w, uint64_t number)
{
	if (eese_window_check(w, number) != EESE_WINDOW_NEW)
		return;
	if (number < w->next) {
		w->seen |= UINT64_C(1) << (w->next - 1 - number);
		return;
	}

	const uint64_t shift = number + 1 - w->next;

	w->seen = (shift < EESE_WINDOW_WIDTH ? w->seen << shift : 0) | 1;
	w->next = number + 1;
}
