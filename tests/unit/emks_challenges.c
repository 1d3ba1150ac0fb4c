/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "core_support.h"
#include "emks/daemon/challenges.h"

enum { LIFE = 60 };

static const struct hss_subscriber subscriber = {.id = 7, .sim = 3};
static const struct vector vector = {.rand = {1}, .xres = {2}, .key = {3}};

static struct challenge *add(struct challenges *c, int64_t now, char text[TOKEN_TEXT + 1])
{
	return challenge_add(c, now, EESE_DOMAIN_ENPS, &subscriber, &vector, text);
}

static struct challenge *find(struct challenges *c, int64_t now, const char *text)
{
	return challenge_find(c, now, EESE_DOMAIN_ENPS, text, strlen(text));
}

static void test_life(void)
{
	struct challenges *c = challenges_new(4, LIFE);
	struct challenge *one;
	char text[TOKEN_TEXT + 1];

	one = add(c, 100, text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(one);
	CU_ASSERT_EQUAL(strlen(text), TOKEN_TEXT);
	CU_ASSERT_PTR_EQUAL(find(c, 100 + LIFE - 1, text), one);
	CU_ASSERT(one != NULL && one->subscriber == 7 && one->sim == 3);
	CU_ASSERT_PTR_NULL(find(c, 100 + LIFE, text));
	CU_ASSERT_PTR_NULL(challenge_find(c, 100, EESE_DOMAIN_HPS, text, TOKEN_TEXT));
	challenge_end(one);
	CU_ASSERT_PTR_NULL(find(c, 100, text));
	CU_ASSERT(is_zero(one, sizeof(*one)));
	challenges_free(c);
}

/* Nothing but the token itself finds it: not what is near it, nor another length. */
static void test_guesses(void)
{
	static const char letters[] = "ABZaz09-_+/=. ";
	struct challenges *c = challenges_new(4, LIFE);
	char text[TOKEN_TEXT + 1], guess[TOKEN_TEXT + 8];

	CU_ASSERT_PTR_NOT_NULL_FATAL(add(c, 0, text));
	for (size_t i = 0; i < TOKEN_TEXT; i++) {
		for (size_t j = 0; j < sizeof(letters) - 1; j++) {
			memcpy(guess, text, sizeof(text));
			guess[i] = letters[j];
			CU_ASSERT((find(c, 0, guess) != NULL) == (strcmp(guess, text) == 0));
		}
		memcpy(guess, text, sizeof(text));
		guess[i] = '\0';
		CU_ASSERT_PTR_NULL(challenge_find(c, 0, EESE_DOMAIN_ENPS, guess, TOKEN_TEXT));
		CU_ASSERT_PTR_NULL(challenge_find(c, 0, EESE_DOMAIN_ENPS, text, i));
	}
	memset(guess, 'A', sizeof(guess));
	CU_ASSERT_PTR_NULL(challenge_find(c, 0, EESE_DOMAIN_ENPS, guess, TOKEN_TEXT));
	CU_ASSERT_PTR_NULL(challenge_find(c, 0, EESE_DOMAIN_ENPS, guess, sizeof(guess)));
	memset(guess, '_', sizeof(guess));
	CU_ASSERT_PTR_NULL(challenge_find(c, 0, EESE_DOMAIN_ENPS, guess, TOKEN_TEXT));
	challenges_free(c);
}

/* A flood takes the place of the oldest, of no other, and no more memory. */
static void test_full(void)
{
	struct challenges *c = challenges_new(3, LIFE);
	char text[5][TOKEN_TEXT + 1];

	for (int i = 0; i < 3; i++)
		CU_ASSERT_PTR_NOT_NULL(add(c, i, text[i]));
	CU_ASSERT_PTR_NOT_NULL(find(c, 3, text[0]));
	CU_ASSERT_PTR_NOT_NULL(add(c, 3, text[3]));
	CU_ASSERT_PTR_NULL(find(c, 3, text[0]));
	CU_ASSERT_PTR_NOT_NULL(find(c, 3, text[1]));
	CU_ASSERT_PTR_NOT_NULL(find(c, 3, text[2]));
	CU_ASSERT_PTR_NOT_NULL(find(c, 3, text[3]));
	challenge_end(find(c, 3, text[2]));
	CU_ASSERT_PTR_NOT_NULL(add(c, 4, text[4]));
	CU_ASSERT_PTR_NULL(find(c, 4, text[1]));
	CU_ASSERT_PTR_NOT_NULL(find(c, 4, text[3]));
	challenges_free(c);
}

static void test_sweep(void)
{
	struct challenges *c = challenges_new(3, LIFE);
	struct challenge *one, *two;
	char text[2][TOKEN_TEXT + 1];

	challenges_sweep(c, 0);
	one = add(c, 0, text[0]);
	two = add(c, 10, text[1]);
	challenges_sweep(c, LIFE - 1);
	CU_ASSERT_EQUAL(one->state, CHALLENGE_OPEN);
	challenges_sweep(c, LIFE);
	CU_ASSERT(is_zero(one, sizeof(*one)));
	CU_ASSERT_PTR_EQUAL(find(c, LIFE, text[1]), two);
	challenge_end(two);
	challenges_sweep(c, LIFE);
	for (int i = 0; i < 10; i++)
		CU_ASSERT_PTR_NOT_NULL(add(c, LIFE + i, text[0]));
	challenges_sweep(c, 1000);
	CU_ASSERT_PTR_NULL(find(c, LIFE, text[0]));
	challenges_free(c);
}

/* The greatest number of places that a token can name. */
static void test_many(void)
{
	struct challenges *c = challenges_new(65536, LIFE);
	char first[TOKEN_TEXT + 1], text[TOKEN_TEXT + 1];

	CU_ASSERT_PTR_NOT_NULL(add(c, 0, first));
	for (int i = 1; i < 65536; i++)
		(void)add(c, 0, text);
	CU_ASSERT_PTR_NOT_NULL(find(c, 0, first));
	CU_ASSERT_PTR_NOT_NULL(find(c, 0, text));
	(void)add(c, 0, text);
	CU_ASSERT_PTR_NULL(find(c, 0, first));
	challenges_free(c);
	challenges_free(NULL);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"life", test_life},   {"guesses", test_guesses}, {"full", test_full},
	    {"sweep", test_sweep}, {"many", test_many},
	};

	return run_suite("emks challenges", tests, COUNT(tests));
}
