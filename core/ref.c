/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ref.h"

#include "core/number.h"

enum { MAP_SIZE = 8 };

/* The bits of a map that stand for numbers below 0. */
static uint64_t below_zero(uint64_t next)
{
	return next < EESE_WINDOW_WIDTH ? UINT64_MAX << next : 0;
}

struct eese_ref eese_ref_of_window(uint32_t ksn, const struct eese_window *w)
{
	return (struct eese_ref){.form = EESE_REF_INVALID,
				 .kid = ksn & 7,
				 .next = w->next,
				 .accepted = w->seen | below_zero(w->next)};
}

bool eese_ref_accepted(const struct eese_ref *ref, uint64_t number)
{
	struct eese_window w = {.next = ref->next, .seen = ref->accepted};

	return ref->form == EESE_REF_INVALID && number < ref->next &&
	       eese_window_mark(&w, number) != EESE_WINDOW_NEW;
}

static bool map_valid(const struct eese_ref *ref)
{
	return ref->next >= EESE_WINDOW_WIDTH || ~ref->accepted >> ref->next == 0;
}

bool eese_ref_valid(const struct eese_ref *ref)
{
	switch (ref->form) {
	case EESE_REF_ABSENT:
		return true;
	case EESE_REF_VALID:
		return ref->kid <= 7;
	case EESE_REF_INVALID:
		return ref->kid <= 7 && ref->next <= EESE_NUMBER_MAX && map_valid(ref);
	}
	return false;
}

void eese_write_ref(struct eese_writer *w, const struct eese_ref *ref)
{
	switch (ref->form) {
	case EESE_REF_ABSENT:
		break;
	case EESE_REF_VALID:
		eese_write_uint(w, 1, (uint64_t)ref->kid << 3);
		break;
	case EESE_REF_INVALID:
		eese_write_number(w, ref->kid, ref->next);
		if (ref->accepted != UINT64_MAX)
			eese_write_uint(w, MAP_SIZE, ref->accepted);
		break;
	}
}

bool eese_read_ref(struct eese_reader *r, struct eese_ref *out)
{
	if (r->left == 0) {
		out->form = EESE_REF_ABSENT;
		return r->ok;
	}
	/* `00 kkk 000` */
	if (r->left == 1) {
		const unsigned first = (unsigned)eese_read_uint(r, 1);

		out->form = EESE_REF_VALID;
		out->kid = (uint8_t)(first >> 3);
		return (first & ~(7U << 3)) == 0;
	}
	/* `00 kkk nnn | next (nnn) [| map (8)]` */
	out->form = EESE_REF_INVALID;
	out->accepted = UINT64_MAX;
	if (!eese_read_number(r, &out->kid, &out->next))
		return false;
	if (r->left > 0)
		out->accepted = eese_read_uint(r, MAP_SIZE);
	return eese_read_all(r) && map_valid(out);
}
