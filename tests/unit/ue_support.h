/* SPDX-License-Identifier: Apache-2.0 */
/* A device with a scripted transport, a clock the test sets and a record that can fail; and the
 * EESE's side of the wire, made with the core's own functions. */
#ifndef EESE_TESTS_UE_SUPPORT_H
#define EESE_TESTS_UE_SUPPORT_H

#include <CUnit/Basic.h>
#include <string.h>

#include "eese/ue.h"

enum { SENT_MAX = 512, PLAIN_MAX = 64, DAY_MS = 24 * 3600 * 1000 };

/* What the library under test is without, see eese/ue.h. */
#ifdef EESE_SMALL
enum { SMALL = true, UNOPENED = EESE_FULL };
#else
enum { SMALL = false, UNOPENED = EESE_NO_KEY };
#endif

/* A message the transport took. */
struct sent {
	enum eese_ue_channel channel;
	uint32_t handle;
	uint64_t at;
	size_t topic_len, len;
	char topic[16];
	uint8_t octets[PLAIN_MAX + EESE_DATA_OVERHEAD_MAX];
	bool acknowledged;
};

struct world {
	struct eese_ue ue;
	struct eese_ue_config config;
	uint8_t int_key[EESE_INT_KEY_SIZE];
	uint64_t now;
	uint16_t random;   /* what the random source gives */
	bool connected;    /* whether the transport takes anything */
	unsigned take;     /* how many more it takes; UINT_MAX: no limit */
	bool record_there; /* written at least once */
	bool record_fails;
	unsigned record_writes; /* that succeeded */
	unsigned writes_left;   /* then they fail; UINT_MAX: no limit */
	uint8_t record[EESE_UE_RECORD_SIZE];
	uint8_t arena[16384], scratch[4096], keep[1024];
	struct sent sent[SENT_MAX];
	size_t sent_count, taken; /* taken: how many of sent the test has looked at */
	/* The end of each handle that an event named. */
	enum eese_ue_event_kind fate[1024];
	unsigned settled_twice;
	unsigned event_count[8];
	struct eese_ue_event last_event;
};

/* A fresh device under key 1, connected, nothing sent yet. */
struct world *world_new(void);
void world_free(struct world *w);
void world_init(struct world *w);    /* with w->config as it is now */
void world_restart(struct world *w); /* power cut: the record is all that is left */
void key_of(uint8_t which, uint8_t out[EESE_INT_KEY_SIZE]);

/* Moves the clock to at, polling whenever the device asked for it. */
void run_until(struct world *w, uint64_t at);
void run_for(struct world *w, uint64_t ms);
void take_events(struct world *w);

uint32_t publish(struct world *w, const char *text, bool acknowledged);

/* KEY_UPDATE under w->int_key; RAND is sixteen octets of rand. */
enum eese_result update(struct world *w, uint32_t ksn, uint8_t rand, struct eese_ref ref);
enum eese_result update_alg(struct world *w, uint32_t ksn, uint8_t rand, uint8_t alg,
			    struct eese_ref ref);
enum eese_result error_6(struct world *w, uint8_t kid, uint64_t number);
enum eese_result error_of(struct world *w, uint8_t reason);

struct eese_ref absent(void);
struct eese_ref valid(uint32_t ksn);
/* INVALID: next, and which of the 64 below it were not accepted (bit i: number i), next <= 64. */
struct eese_ref invalid(uint32_t ksn, uint64_t next, uint64_t missing);

/* The next message sent that the test has not looked at; NULL if there is none. */
const struct sent *next_sent(struct world *w);
void skip_sent(struct world *w);

/* A data message that opens under this keyset and says text; gives its number, -1 if not. */
int64_t opens(const struct world *w, const struct sent *s, uint32_t ksn, uint8_t rand,
	      const char *text);
#define EXPECT_DATA(w, ksn, rand, number, text)                                                    \
	CU_ASSERT_EQUAL(opens((w), next_sent(w), (ksn), (rand), (text)), (number))

/* A KEY_REQUEST under key with good MAC; gives its reason, -1 if not. */
int request_of(const struct world *w, const struct sent *s, const uint8_t *key, uint32_t ksn);
#define EXPECT_REQUEST(w, ksn, reason)                                                             \
	CU_ASSERT_EQUAL(request_of((w), next_sent(w), (w)->int_key, (ksn)), (reason))
#define EXPECT_NOTHING(w) CU_ASSERT_PTR_NULL(next_sent(w))

/* How many KEY_REQUESTs with this reason the transport took so far. */
unsigned requests_with(const struct world *w, int reason);

/* A downlink message of the EESE under this keyset, given to the device. */
enum eese_result downlink(struct world *w, uint32_t ksn, uint8_t rand, uint64_t number,
			  const char *text);

struct unit_test {
	const char *name;
	void (*run)(void);
};
int run_suite(const char *name, const struct unit_test *tests, size_t count);

#endif
