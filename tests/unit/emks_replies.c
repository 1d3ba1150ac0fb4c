/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "core_support.h"
#include "emks/daemon/replies.h"

static void test_same(void)
{
	static struct replies r;
	const struct reply_key key = {.peer = {1, 2, 3}, .content = 4, .mid = 5};
	struct reply_key other;
	const struct aka_answer answer = {.code = 201, .token = "t", .len = 32};

	CU_ASSERT_PTR_NULL(replies_find(&r, 1, &key));
	replies_add(&r, 1, &key, &answer);
	CU_ASSERT_PTR_NOT_NULL_FATAL(replies_find(&r, 1, &key));
	CU_ASSERT_EQUAL(replies_find(&r, REPLY_LIFE_S, &key)->code, 201);
	CU_ASSERT_PTR_NULL(replies_find(&r, 1 + REPLY_LIFE_S, &key));
	other = key;
	other.mid = 6;
	CU_ASSERT_PTR_NULL(replies_find(&r, 1, &other));
	other = key;
	other.content = 5;
	CU_ASSERT_PTR_NULL(replies_find(&r, 1, &other));
	other = key;
	other.peer[27] = 1;
	CU_ASSERT_PTR_NULL(replies_find(&r, 1, &other));
}

/* A flood overwrites; what is found is always the right one. */
static void test_flood(void)
{
	static struct replies r;
	struct reply_key key = {.mid = 0};
	struct aka_answer answer = {.code = 201};
	const struct aka_answer *found;
	int kept = 0;

	for (int i = 0; i < 20 * REPLIES; i++) {
		key.content = (uint64_t)i * 2654435761U;
		answer.len = (size_t)i;
		replies_add(&r, 1, &key, &answer);
	}
	for (int i = 0; i < 20 * REPLIES; i++) {
		key.content = (uint64_t)i * 2654435761U;
		found = replies_find(&r, 1, &key);
		CU_ASSERT(found == NULL || found->len == (size_t)i);
		kept += found != NULL ? 1 : 0;
	}
	CU_ASSERT(kept > REPLIES / 2 && kept <= REPLIES);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"the same datagram", test_same},
	    {"flood", test_flood},
	};

	return run_suite("emks replies", tests, COUNT(tests));
}
