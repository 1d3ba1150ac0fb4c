/* SPDX-License-Identifier: Apache-2.0 */
#include "eese/window.h"

#include "eese/wire.h"

enum eese_window_place eese_window_mark(struct eese_window *w, uint64_t number)
{
	uint64_t back, bit;

	if (number >= EESE_NUMBER_MAX)
		return EESE_WINDOW_BELOW;
	if (number >= w->next) {
		const uint64_t shift = number + 1 - w->next;

		w->seen = (shift < EESE_WINDOW_WIDTH ? w->seen << shift : 0) | 1;
		w->next = number + 1;
		return EESE_WINDOW_NEW;
	}
	back = w->next - 1 - number;
	if (back >= EESE_WINDOW_WIDTH)
		return EESE_WINDOW_BELOW;
	bit = UINT64_C(1) << back;
	if ((w->seen & bit) != 0)
		return EESE_WINDOW_SEEN;
	w->seen |= bit;
	return EESE_WINDOW_NEW;
}

enum eese_window_place eese_window_check(const struct eese_window *w, uint64_t number)
{
	struct eese_window copy = *w;

	return eese_window_mark(&copy, number);
}
