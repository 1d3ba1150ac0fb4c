/* SPDX-License-Identifier: Apache-2.0 */
#include "ue_support.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static const char UE_ID[] = "meter-17@example";

static _Noreturn void give_up(const char *why)
{
	(void)fprintf(stderr, "test support: %s\n", why);
	exit(EXIT_FAILURE);
}

/* ---- the port ---- */

static bool port_send(void *ctx, const struct eese_ue_message *m)
{
	struct world *w = ctx;
	if (!w->connected || w->take == 0) {
		return false;
	}
	if (w->take != UINT_MAX) {
		w->take--;
	}
	if (w->sent_count == SENT_MAX) {
		memmove(w->sent, w->sent + 1, sizeof w->sent - sizeof w->sent[0]);
		w->sent_count--;
		w->taken -= w->taken > 0;
	}
	struct sent *s = &w->sent[w->sent_count++];
	*s = (struct sent){.channel = m->channel,
			   .at = w->now,
			   .handle = m->handle,
			   .acknowledged = m->acknowledged,
			   .topic_len = m->topic_len,
			   .len = m->len};
	if (m->topic_len > sizeof s->topic || m->len > sizeof s->octets) {
		s->len = 0; /* too big to look into */
		return true;
	}
	memcpy(s->topic, m->topic, m->topic_len);
	memcpy(s->octets, m->octets, m->len);
	return true;
}

static uint64_t port_now(void *ctx)
{
	return ((struct world *)ctx)->now;
}

static bool port_random(void *ctx, uint8_t *out, size_t len)
{
	const struct world *w = ctx;
	for (size_t i = 0; i < len; i++) {
		out[i] = (uint8_t)(i % 2 == 0 ? w->random >> 8 : w->random);
	}
	return true;
}

static enum eese_ue_nvm_result port_nvm(void *ctx, enum eese_ue_nvm op,
					uint8_t record[EESE_UE_RECORD_SIZE])
{
	struct world *w = ctx;
	if (w->record_fails || (op == EESE_UE_NVM_WRITE && w->writes_left == 0)) {
		return EESE_UE_NVM_FAILED;
	}
	if (op == EESE_UE_NVM_READ) {
		memcpy(record, w->record, sizeof w->record);
		return w->record_there ? EESE_UE_NVM_OK : EESE_UE_NVM_EMPTY;
	}
	if (w->writes_left != UINT_MAX) {
		w->writes_left--;
	}
	memcpy(w->record, record, sizeof w->record);
	w->record_there = true;
	w->record_writes++;
	return EESE_UE_NVM_OK;
}

/* ---- the world ---- */

void key_of(uint8_t which, uint8_t out[EESE_INT_KEY_SIZE])
{
	for (size_t i = 0; i < EESE_INT_KEY_SIZE; i++) {
		out[i] = (uint8_t)(which * 16 + i);
	}
}

void world_init(struct world *w)
{
	if (eese_ue_init(&w->ue, &w->config, w->int_key) != EESE_OK) {
		give_up("eese_ue_init");
	}
}

struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof *w);
	if (w == NULL) {
		give_up("out of memory");
	}
	key_of(1, w->int_key);
	w->now = 1000;
	w->random = 0x8000;
	w->connected = true;
	w->take = w->writes_left = UINT_MAX;
	w->config = (struct eese_ue_config){
	    .ue_id = UE_ID,
	    .port = {port_send, port_now, port_random, port_nvm, w},
	    .arena = w->arena,
	    .arena_size = sizeof w->arena,
	    .scratch = w->scratch,
	    .scratch_size = sizeof w->scratch,
	    .keep = w->keep,
	    .keep_size = sizeof w->keep,
	    .downlink_durable = true,
	};
	world_init(w);
	return w;
}

void world_free(struct world *w)
{
	eese_ue_wipe(&w->ue);
	free(w);
}

void world_restart(struct world *w)
{
	eese_ue_wipe(&w->ue);
	memset(w->fate, 0, sizeof w->fate);
	world_init(w);
}

void take_events(struct world *w)
{
	struct eese_ue_event e;
	while (eese_ue_next_event(&w->ue, &e)) {
		w->last_event = e;
		w->event_count[e.kind]++;
		if (e.handle != 0 && e.handle < sizeof w->fate / sizeof w->fate[0]) {
			w->settled_twice += w->fate[e.handle] != EESE_UE_EVENT_NONE;
			w->fate[e.handle] = e.kind;
		}
	}
	CU_ASSERT_EQUAL(e.kind, EESE_UE_EVENT_NONE);
}

void run_until(struct world *w, uint64_t at)
{
	for (unsigned rounds = 0; rounds < 100000; rounds++) {
		uint64_t next = eese_ue_poll(&w->ue);
		take_events(w);
		if (next > at) {
			w->now = at;
			return;
		}
		if (next <= w->now) {
			CU_FAIL("a deadline that is already past");
			return;
		}
		w->now = next;
	}
	CU_FAIL("polled without end");
}

void run_for(struct world *w, uint64_t ms)
{
	run_until(w, w->now + ms);
}

uint32_t publish(struct world *w, const char *text, bool acknowledged)
{
	uint32_t handle;
	enum eese_result r = eese_ue_publish(&w->ue, "t", 1, (const uint8_t *)text, strlen(text),
					     acknowledged, &handle);
	CU_ASSERT_EQUAL(r, EESE_OK);
	CU_ASSERT_NOT_EQUAL(handle, 0);
	return handle;
}

/* ---- the EESE's side ---- */

struct eese_ref absent(void)
{
	return (struct eese_ref){.form = EESE_REF_ABSENT};
}

struct eese_ref valid(uint32_t ksn)
{
	return (struct eese_ref){.form = EESE_REF_VALID, .kid = ksn & 7};
}

struct eese_ref invalid(uint32_t ksn, uint64_t next, uint64_t missing)
{
	struct eese_window window = {.next = next};
	for (uint64_t i = 0; i < next; i++) {
		if ((missing >> i & 1) == 0) {
			window.seen |= UINT64_C(1) << (next - 1 - i);
		}
	}
	return eese_ref_of_window(ksn, &window);
}

static void control_key(const uint8_t *int_key, uint8_t out[EESE_CONTROL_KEY_SIZE])
{
	if (eese_derive_control_key(int_key, UE_ID, out) != EESE_OK) {
		give_up("eese_derive_control_key");
	}
}

enum eese_result update_alg(struct world *w, uint32_t ksn, uint8_t rand, uint8_t alg,
			    struct eese_ref ref)
{
	uint8_t key[EESE_CONTROL_KEY_SIZE];
	uint8_t octets[EESE_KEY_UPDATE_MAX];
	size_t len;
	struct eese_key_update u = {
	    .reason = EESE_UPDATE_CONTACT, .ksn = ksn, .alg = alg, .ref = ref};
	memset(u.rand, rand, sizeof u.rand);
	control_key(w->int_key, key);
	if (eese_derive_ikid(w->int_key, &u.ikid) != EESE_OK ||
	    eese_key_update_encode(key, UE_ID, &u, octets, &len) != EESE_OK) {
		give_up("eese_key_update_encode");
	}
	enum eese_result r = eese_ue_control(&w->ue, octets, len);
	take_events(w);
	return r;
}

enum eese_result update(struct world *w, uint32_t ksn, uint8_t rand, struct eese_ref ref)
{
	return update_alg(w, ksn, rand, EESE_ALG_AES_CCM_16_64_128, ref);
}

static enum eese_result give_error(struct world *w, const struct eese_error *e)
{
	uint8_t octets[EESE_ERROR_MAX];
	size_t len;
	if (eese_error_encode(e, octets, &len) != EESE_OK) {
		give_up("eese_error_encode");
	}
	enum eese_result r = eese_ue_control(&w->ue, octets, len);
	take_events(w);
	return r;
}

enum eese_result error_6(struct world *w, uint8_t kid, uint64_t number)
{
	return give_error(w, &(struct eese_error){.reason = EESE_ERROR_KEY_UNKNOWN,
						  .kid = kid & 7,
						  .number = number});
}

enum eese_result error_of(struct world *w, uint8_t reason)
{
	return give_error(w, &(struct eese_error){.reason = reason});
}

static void keyset_of(const struct world *w, uint32_t ksn, uint8_t rand, struct eese_keyset *out)
{
	uint8_t octets[EESE_RAND_SIZE];
	memset(octets, rand, sizeof octets);
	if (eese_derive_keyset(w->int_key, UE_ID, octets, ksn, EESE_ALG_AES_CCM_16_64_128, out) !=
	    EESE_OK) {
		give_up("eese_derive_keyset");
	}
}

const struct sent *next_sent(struct world *w)
{
	return w->taken < w->sent_count ? &w->sent[w->taken++] : NULL;
}

void skip_sent(struct world *w)
{
	w->taken = w->sent_count;
}

int64_t opens(const struct world *w, const struct sent *s, uint32_t ksn, uint8_t rand,
	      const char *text)
{
	struct eese_keyset keys;
	struct eese_data_head head;
	uint8_t plain[PLAIN_MAX + EESE_DATA_OVERHEAD_MAX];
	size_t len;
	if (s == NULL || s->channel != EESE_UE_UP ||
	    eese_data_head(s->octets, s->len, &head) != EESE_OK || head.kid != (ksn & 7)) {
		return -1;
	}
	keyset_of(w, ksn, rand, &keys);
	if (eese_data_open(&keys.up, UE_ID, s->topic, s->topic_len, s->octets, s->len, plain,
			   sizeof plain, &len) != EESE_OK ||
	    len != strlen(text) || memcmp(plain, text, len) != 0) {
		return -1;
	}
	return (int64_t)head.number;
}

int request_of(const struct world *w, const struct sent *s, const uint8_t *key, uint32_t ksn)
{
	uint8_t control[EESE_CONTROL_KEY_SIZE];
	struct eese_key_request r;
	(void)w;
	control_key(key, control);
	if (s == NULL || s->channel != EESE_UE_REQ || s->handle != 0 ||
	    eese_key_request_decode(control, UE_ID, s->octets, s->len, &r) != EESE_OK ||
	    r.ksn != ksn) {
		return -1;
	}
	return r.reason;
}

unsigned requests_with(const struct world *w, int reason)
{
	unsigned n = 0;
	for (size_t i = 0; i < w->sent_count; i++) {
		n += w->sent[i].channel == EESE_UE_REQ && w->sent[i].len > 0 &&
		     (w->sent[i].octets[0] & 0x3f) == reason;
	}
	return n;
}

enum eese_result downlink(struct world *w, uint32_t ksn, uint8_t rand, uint64_t number,
			  const char *text)
{
	struct eese_keyset keys;
	uint8_t octets[PLAIN_MAX + EESE_DATA_OVERHEAD_MAX];
	uint8_t out[sizeof octets];
	size_t len;
	size_t out_len;
	keyset_of(w, ksn, rand, &keys);
	if (eese_data_seal(&keys.down, UE_ID, "d", 1, number, (const uint8_t *)text, strlen(text),
			   octets, sizeof octets, &len) != EESE_OK) {
		give_up("eese_data_seal");
	}
	enum eese_result r =
	    eese_ue_downlink(&w->ue, "d", 1, octets, len, out, sizeof out, &out_len);
	if (r == EESE_OK) {
		CU_ASSERT_EQUAL(out_len, strlen(text));
		CU_ASSERT_EQUAL(memcmp(out, text, strlen(text)), 0);
	} else {
		CU_ASSERT_EQUAL(out_len, 0);
	}
	return r;
}

int run_suite(const char *name, const struct unit_test *tests, size_t count)
{
	if (eese_init() != EESE_OK || CU_initialize_registry() != CUE_SUCCESS) {
		return EXIT_FAILURE;
	}
	CU_pSuite suite = CU_add_suite(name, NULL, NULL);
	for (size_t i = 0; suite != NULL && i < count; i++) {
		if (CU_add_test(suite, tests[i].name, tests[i].run) == NULL) {
			suite = NULL;
		}
	}
	if (suite == NULL) {
		return EXIT_FAILURE;
	}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	unsigned failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
