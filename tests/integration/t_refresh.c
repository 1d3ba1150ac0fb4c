/* SPDX-License-Identifier: Apache-2.0 */
/* Expiry by te2e, what KEY_UPDATE says then, its repeats, and the two answer budgets. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

enum { TE2E_MS = 1000 };

static struct broker broker;
static struct observer app;

static void start(void)
{
	static const struct ue_range ues[] = {{.prefix = "short", .count = 100, .te2e_s = 1},
					      {.prefix = "half", .count = 10, .te2e_s = 4},
					      {.prefix = "long", .count = 100},
					      {.prefix = "reason", .count = 9 * 19},
					      {0}};
	/* 10 % of the short te2e is too close to it for a loaded machine. */
	const struct broker_options o = {.ues = ues,
					 .plugin_lines = "plugin_opt_refresh_margin 0\n"};

	REQUIRE(broker_start(&broker, &o));
	REQUIRE(observer_open(&app, &broker, TEST_APP_USER, "app/#"));
}

static void stop(void)
{
	observer_close(&app);
	broker_stop(&broker);
}

static bool fresh(struct test_ue *u, const char *prefix, enum mqtt_version version)
{
	ue_take(u, prefix);
	return ue_connect(u, &broker, version, false) && ue_first_contact(u);
}

static void expect_seen(const struct test_ue *u, const char *text, size_t times)
{
	EXPECT(observer_sync(&app));
	EXPECT_EQUAL(observer_of(&app, u, "t", text), times);
}

static void outlive(void)
{
	harness_sleep_ms(TE2E_MS + 100);
}

/* Number 0 was ue_first_contact()'s. 2 is never sent, 3 only after expiry. */
static void expect_ref_0_1_4(const struct eese_key_update *update, const struct test_ue *u)
{
	EXPECT_EQUAL(update->ref.form, EESE_REF_INVALID);
	EXPECT_EQUAL(update->ref.kid, u->ksn & 7);
	EXPECT_EQUAL(update->ref.next, 5);
	EXPECT(eese_ref_accepted(&update->ref, 0));
	EXPECT(eese_ref_accepted(&update->ref, 1));
	EXPECT(!eese_ref_accepted(&update->ref, 2));
	EXPECT(!eese_ref_accepted(&update->ref, 3));
	EXPECT(eese_ref_accepted(&update->ref, 4));
	EXPECT(!eese_ref_accepted(&update->ref, 5));
}

/* The whole life: accepted, expired, refused, settled by the ref, protected anew, delivered. */
static void expiry(enum mqtt_version version, uint8_t qos)
{
	struct test_ue u, old;
	struct octets late, seen;
	struct eese_key_update update;

	REQUIRE(fresh(&u, "short", version));
	ue_seal_number(&u, "t", "one", 1, &seen);
	EXPECT(taken(version, qos, ue_send(&u, "t", &seen, qos)));
	ue_seal_number(&u, "t", "four", 4, &late);
	EXPECT(taken(version, qos, ue_send(&u, "t", &late, qos)));
	ue_seal_number(&u, "t", "late", 3, &late);
	outlive();
	EXPECT(refused(version, qos, ue_send(&u, "t", &late, qos)));
	REQUIRE(ue_update(&u, EESE_UPDATE_EXPIRED, &update));
	EXPECT(update.ksn > u.ksn);
	EXPECT((update.ksn & 7) != (u.ksn & 7));
	expect_ref_0_1_4(&update, &u);
	expect_seen(&u, "late", 0);
	/* Seen under the invalid keyset: a retransmission, swallowed. */
	EXPECT(taken(version, qos, ue_send(&u, "t", &seen, qos)));

	old = u; /* its KSN only */
	ue_adopt(&u, &update);
	EXPECT(taken(version, qos, ue_say(&u, "t", "late", qos)));
	expect_seen(&u, "late", 1);
	/* What was under the keyset before delivers nothing, now or later. */
	EXPECT(refused(version, qos, ue_send(&u, "t", &late, qos)));
	REQUIRE(ue_update(&u, EESE_UPDATE_EXPIRED, &update));
	EXPECT_EQUAL(update.ksn, u.ksn);
	EXPECT(memcmp(update.rand, u.rand, sizeof u.rand) == 0);
	expect_ref_0_1_4(&update, &old);
	EXPECT(taken(version, qos, ue_send(&u, "t", &seen, qos)));
	expect_seen(&u, "late", 1);
	expect_seen(&u, "one", 1);
	mqtt_disconnect(&u.link);
}

static void test_expiry(void)
{
	harness_each(expiry);
}

/* A repeat keeps KSN, RAND and alg, and is held back within update_interval. */
static void repeat(enum mqtt_version version)
{
	struct test_ue u;
	struct eese_key_update first, again;

	REQUIRE(fresh(&u, "short", version));
	outlive();
	EXPECT(refused(version, 1, ue_say(&u, "t", "a", 1)));
	REQUIRE(ue_update(&u, EESE_UPDATE_EXPIRED, &first));
	EXPECT(refused(version, 1, ue_say(&u, "t", "b", 1)));
	EXPECT(ue_quiet(&u));
	harness_sleep_ms(1100);
	EXPECT(refused(version, 1, ue_say(&u, "t", "c", 1)));
	REQUIRE(ue_update(&u, EESE_UPDATE_EXPIRED, &again));
	EXPECT_EQUAL(first.ksn, again.ksn);
	EXPECT_EQUAL(first.alg, again.alg);
	EXPECT(memcmp(first.rand, again.rand, sizeof first.rand) == 0);
	EXPECT_EQUAL(again.ref.form, EESE_REF_INVALID);
	/* The interval doubled. */
	harness_sleep_ms(1100);
	EXPECT(refused(version, 1, ue_say(&u, "t", "d", 1)));
	EXPECT(ue_quiet(&u));
	/* A KEY_REQUEST meanwhile makes no other one (r < pending). */
	harness_sleep_ms(1000);
	EXPECT(taken(version, 1, ue_request(&u, EESE_REQUEST_REFRESH, u.ksn, 1)));
	REQUIRE(ue_update(&u, EESE_UPDATE_EXPIRED, &again));
	EXPECT_EQUAL(first.ksn, again.ksn);
	ue_adopt(&u, &again);
	EXPECT(taken(version, 1, ue_say(&u, "t", "e", 1)));
	expect_seen(&u, NULL, 1);
	mqtt_disconnect(&u.link);
}

static void test_repeat(void)
{
	harness_each_version(repeat);
}

/* Garbage in the UE's name spends only its own budget (clause 5, 'Budgets'). */
static void budgets(enum mqtt_version version)
{
	struct test_ue u;
	struct octets msg;
	struct eese_key_update update;
	struct control c;
	int errors = 0;
	uint64_t began = mqtt_now_ms();

	REQUIRE(fresh(&u, "short", version));
	outlive();
	ue_seal_number(&u, "t", "x", 40, &msg);
	msg.p[msg.len - 1] ^= 1;
	for (int i = 0; i < 60; i++)
		EXPECT(refused(version, 1, ue_send(&u, "t", &msg, 1)));
	while ((c = ue_control(&u)).kind == CONTROL_ERROR)
		errors++;
	EXPECT_EQUAL(c.kind, CONTROL_NONE);
	EXPECT(errors >= 1);
	EXPECT(errors <= 1 + (int)((mqtt_now_ms() - began) / 1000));
	EXPECT(refused(version, 1, ue_say(&u, "t", "genuine", 1)));
	REQUIRE(ue_update(&u, EESE_UPDATE_EXPIRED, &update));
	ue_adopt(&u, &update);
	EXPECT(taken(version, 1, ue_say(&u, "t", "genuine", 1)));
	expect_seen(&u, "genuine", 1);
	mqtt_disconnect(&u.link);
}

static void test_budgets(void)
{
	harness_each_version(budgets);
}

/* The other way round: an answer to the UE does not spend the budget of ERROR. And no garbage
 * before a first contact holds back the answer to a KEY_REQUEST. */
static void test_budgets_crossed(void)
{
	struct test_ue u;
	struct octets msg;
	struct eese_key_update update, asked;

	ue_take(&u, "long");
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false));
	ue_adopt(&u, &(struct eese_key_update){.ksn = 9, .alg = EESE_ALG_AES_CCM_16_64_128});
	ue_seal(&u, "t", "unknown", &msg);
	for (int i = 0; i < 60; i++)
		EXPECT_EQUAL(ue_send(&u, "t", &msg, 1), 0x87);
	REQUIRE(ue_update(&u, EESE_UPDATE_UNKNOWN, &update));
	EXPECT(taken(MQTT_5, 1, ue_request(&u, EESE_REQUEST_NO_KEYSET, 0, 1)));
	asked.ksn = 0;
	for (struct control c = ue_control(&u); c.kind == CONTROL_UPDATE; c = ue_control(&u))
		asked = c.update;
	EXPECT_EQUAL(asked.ksn, update.ksn);
	EXPECT_EQUAL(asked.reason, EESE_UPDATE_ASKED);
	ue_adopt(&u, &asked);
	EXPECT(taken(MQTT_5, 1, ue_say(&u, "t", "known", 1)));
	expect_seen(&u, "known", 1);
	mqtt_disconnect(&u.link);
}

/* A pending alone: unknown data gets KEY_UPDATE 3 again, the same one, seldom. */
static void test_unknown_repeat(void)
{
	struct test_ue u;
	struct octets msg;
	struct eese_key_update first, again;

	ue_take(&u, "long");
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false));
	ue_adopt(&u, &(struct eese_key_update){.ksn = 9, .alg = EESE_ALG_AES_CCM_16_64_128});
	ue_seal(&u, "t", "unknown", &msg);
	EXPECT_EQUAL(ue_send(&u, "t", &msg, 1), 0x87);
	REQUIRE(ue_update(&u, EESE_UPDATE_UNKNOWN, &first));
	harness_sleep_ms(1100);
	EXPECT_EQUAL(ue_send(&u, "t", &msg, 1), 0x87);
	REQUIRE(ue_update(&u, EESE_UPDATE_UNKNOWN, &again));
	EXPECT_EQUAL(first.ksn, again.ksn);
	EXPECT(memcmp(first.rand, again.rand, sizeof first.rand) == 0);
	mqtt_disconnect(&u.link);
}

/* KEY_REQUEST of a UE whose keyset is in order: 2 gets a new one, nothing is lost meanwhile. */
static void refresh_asked(enum mqtt_version version, uint8_t qos)
{
	struct test_ue u;
	struct eese_key_update update;
	struct octets old;

	REQUIRE(fresh(&u, "long", version));
	/* Stale and downlink reasons ask nothing new of a valid keyset. */
	EXPECT(taken(version, qos, ue_request(&u, EESE_REQUEST_STALE_KSN, u.ksn, qos)));
	EXPECT(taken(version, qos, ue_request(&u, EESE_REQUEST_DOWNLINK, u.ksn, qos)));
	EXPECT(taken(version, qos, ue_request(&u, EESE_REQUEST_REFRESH, u.ksn - 1, qos)));
	EXPECT(ue_quiet(&u));
	EXPECT(taken(version, qos, ue_request(&u, EESE_REQUEST_REFRESH, u.ksn, qos)));
	REQUIRE(ue_update(&u, EESE_UPDATE_ASKED, &update));
	EXPECT(update.ksn > u.ksn);
	EXPECT_EQUAL(update.ref.form, EESE_REF_VALID);
	EXPECT_EQUAL(update.ref.kid, u.ksn & 7);
	EXPECT(taken(version, qos, ue_say(&u, "t", "still valid", qos)));
	ue_seal(&u, "t", "under the old one", &old);
	ue_adopt(&u, &update);
	EXPECT(taken(version, qos, ue_say(&u, "t", "under the new one", qos)));
	EXPECT(refused(version, qos, ue_send(&u, "t", &old, qos)));
	expect_seen(&u, "still valid", 1);
	expect_seen(&u, "under the new one", 1);
	expect_seen(&u, "under the old one", 0);
	mqtt_disconnect(&u.link);
}

static void test_refresh_asked(void)
{
	harness_each(refresh_asked);
}

/* What the KEY_REQUEST's KSN is, beside what the EESE holds. */
enum asked_ksn { BELOW, CURRENT, ABOVE, OF_PENDING };

/* Clause 5, 'KEY_REQUEST with a good MAC': every reason, with no pending and with one. */
static const struct reason_row {
	uint8_t reason;
	bool pending;
	enum asked_ksn ksn;
	enum { IGNORED, SAME, ANOTHER } answer;
} reason_rows[] = {
    {EESE_REQUEST_NO_KEYSET, false, BELOW, IGNORED},
    {EESE_REQUEST_NO_KEYSET, false, CURRENT, ANOTHER},
    {EESE_REQUEST_NO_KEYSET, true, CURRENT, SAME},
    {EESE_REQUEST_STALE_KSN, false, CURRENT, IGNORED},
    {EESE_REQUEST_STALE_KSN, false, ABOVE, ANOTHER},
    {EESE_REQUEST_STALE_KSN, true, CURRENT, SAME},
    {EESE_REQUEST_STALE_KSN, true, OF_PENDING, ANOTHER},
    {EESE_REQUEST_STALE_KSN, true, ABOVE, ANOTHER},
    {EESE_REQUEST_REFRESH, false, BELOW, IGNORED},
    {EESE_REQUEST_REFRESH, false, CURRENT, ANOTHER},
    {EESE_REQUEST_REFRESH, true, OF_PENDING, SAME},
    {EESE_REQUEST_DOWNLINK, false, CURRENT, IGNORED},
    {EESE_REQUEST_DOWNLINK, true, OF_PENDING, SAME},
    {EESE_REQUEST_DOWNLINK, true, ABOVE, ANOTHER},
    {EESE_REQUEST_ERROR_6, false, BELOW, IGNORED},
    {EESE_REQUEST_ERROR_6, false, CURRENT, ANOTHER},
    {EESE_REQUEST_ERROR_6, true, CURRENT, SAME},
    {EESE_REQUEST_ALG, false, CURRENT, ANOTHER}, /* it has alg 10 already */
    {EESE_REQUEST_ALG, true, CURRENT, SAME},
};

enum { REASON_ROWS = sizeof reason_rows / sizeof *reason_rows };

struct asking {
	struct test_ue ue;
	struct eese_key_update pending;
};

static void prepare_reason(struct asking *a, const struct reason_row *row,
			   enum mqtt_version version)
{
	REQUIRE(fresh(&a->ue, "reason", version));
	if (row->pending) {
		EXPECT(taken(version, 1, ue_request(&a->ue, EESE_REQUEST_REFRESH, a->ue.ksn, 1)));
		EXPECT(ue_update(&a->ue, EESE_UPDATE_ASKED, &a->pending));
	}
}

static uint32_t ksn_of(const struct asking *a, enum asked_ksn which)
{
	uint32_t newest = a->pending.ksn != 0 ? a->pending.ksn : a->ue.ksn;

	return which == BELOW        ? a->ue.ksn - 1
	       : which == CURRENT    ? a->ue.ksn
	       : which == OF_PENDING ? a->pending.ksn
				     : newest + 1000;
}

static void check_reason(struct asking *a, const struct reason_row *row, uint8_t qos)
{
	struct test_ue *u = &a->ue;
	uint32_t r = ksn_of(a, row->ksn);
	struct control got;

	EXPECT(taken(u->link.version, qos, ue_request(u, row->reason, r, qos)));
	got = ue_control(u);
	EXPECT_EQUAL(got.kind, row->answer == IGNORED ? CONTROL_NONE : CONTROL_UPDATE);
	if (row->answer == SAME) {
		EXPECT_EQUAL(got.update.ksn, a->pending.ksn);
		EXPECT(memcmp(got.update.rand, a->pending.rand, sizeof got.update.rand) == 0);
	} else if (row->answer == ANOTHER) {
		EXPECT(got.update.ksn > r && got.update.ksn > a->pending.ksn);
	}
	if (got.kind == CONTROL_UPDATE) {
		EXPECT_EQUAL(got.update.alg, EESE_ALG_AES_CCM_16_64_128);
		ue_adopt(u, &got.update);
	}
	EXPECT(taken(u->link.version, 1, ue_say(u, "t", "goes on", 1)));
	expect_seen(u, "goes on", 1);
	mqtt_disconnect(&u->link);
}

/* All at once, as a repeat is held back for a second. */
static void test_reasons(void)
{
	static struct asking all[9][REASON_ROWS];

	for (int i = 0; i < 9; i++)
		for (int k = 0; k < REASON_ROWS; k++)
			prepare_reason(&all[i][k], &reason_rows[k],
				       (enum mqtt_version)(MQTT_3_1 + i / 3));
	harness_sleep_ms(1100);
	for (int i = 0; i < 9; i++) {
		for (int k = 0; k < REASON_ROWS; k++) {
			unsigned before = CU_get_number_of_failures();

			check_reason(&all[i][k], &reason_rows[k], (uint8_t)(i % 3));
			if (CU_get_number_of_failures() != before)
				printf("\n  row %d at MQTT %d, QoS %d\n", k, 3 + i / 3, i % 3);
		}
	}
}

/* Ours with a wrong MAC, another IKID, wrong lengths, in the wrong place: no KEY_UPDATE. */
static void bad_request(enum mqtt_version version, uint8_t qos)
{
	struct test_ue u;
	struct eese_key_request r = {.reason = EESE_REQUEST_REFRESH};
	uint8_t msg[EESE_KEY_REQUEST_SIZE + 1] = {0};
	char topic[128], up[128];
	struct mqtt_publish p = {.topic = topic, .payload = msg, .qos = qos};
	struct control c;

	REQUIRE(fresh(&u, "long", version));
	snprintf(topic, sizeof topic, "e2e/%s/req", u.id);
	snprintf(up, sizeof up, "e2e/%s/up/t", u.id);
	r.ksn = u.ksn;
	for (size_t i = 0; i < EESE_KEY_REQUEST_SIZE; i++) {
		r.ikid = u.ikid;
		REQUIRE(eese_key_request_encode(u.control_key, u.id, &r, msg) == EESE_OK);
		p.len = EESE_KEY_REQUEST_SIZE;
		msg[i] ^= 0x11;
		(void)mqtt_publish(&u.link, &p);
		msg[i] ^= 0x11;
		p.len = i;
		EXPECT(refused(version, qos, mqtt_publish(&u.link, &p)));
	}
	p.len = sizeof msg;
	EXPECT(refused(version, qos, mqtt_publish(&u.link, &p)));
	p.len = EESE_KEY_REQUEST_SIZE;
	p.topic = up;
	EXPECT(refused(version, qos, mqtt_publish(&u.link, &p)));
	while ((c = ue_control(&u)).kind != CONTROL_NONE)
		EXPECT(c.kind == CONTROL_ERROR);
	EXPECT(taken(version, qos, ue_say(&u, "t", "as before", qos)));
	expect_seen(&u, "as before", 1);
	mqtt_disconnect(&u.link);
}

static void test_bad_request(void)
{
	harness_each(bad_request);
}

/* N3: a UE that can't use the algorithm offered gets 10; all four are told apart by the option. */
static void test_algorithms(void)
{
	static const struct ue_range ues[] = {{.prefix = "alg", .count = 2}, {0}};
	static const struct {
		const char *lines;
		uint8_t alg;
	} row[] = {
	    {"plugin_opt_alg 30\n", 30}, {"plugin_opt_alg 1\n", 1}, {"plugin_opt_alg 24\n", 24}};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		const struct broker_options o = {.ues = ues, .plugin_lines = row[i].lines};
		struct broker b;
		struct test_ue u;
		struct eese_key_update update;

		REQUIRE(broker_start(&b, &o));
		ue_named(&u, "alg-0");
		EXPECT(ue_connect(&u, &b, MQTT_5, false));
		EXPECT(ue_first_contact(&u));
		EXPECT_EQUAL(u.set.up.alg, row[i].alg);
		EXPECT(taken(MQTT_5, 2, ue_say(&u, "t", "x", 2)));
		mqtt_disconnect(&u.link);

		ue_named(&u, "alg-1");
		EXPECT(ue_connect(&u, &b, MQTT_5, false));
		EXPECT(taken(MQTT_5, 1, ue_request(&u, EESE_REQUEST_NO_KEYSET, 0, 1)));
		EXPECT(ue_update(&u, EESE_UPDATE_ASKED, &update));
		EXPECT_EQUAL(update.alg, row[i].alg);
		EXPECT(taken(MQTT_5, 1, ue_request(&u, EESE_REQUEST_ALG, 0, 1)));
		EXPECT(ue_update(&u, EESE_UPDATE_ASKED, &update));
		EXPECT_EQUAL(update.alg, EESE_ALG_AES_CCM_16_64_128);
		ue_adopt(&u, &update);
		EXPECT(taken(MQTT_5, 1, ue_say(&u, "t", "x", 1)));
		mqtt_disconnect(&u.link);
		broker_stop(&b);
	}
}

/* refresh_margin: on an accepted message close to expiry comes KEY_UPDATE 6; nothing is refused. */
static void test_ahead(void)
{
	static const struct ue_range ues[] = {{.prefix = "half", .count = 1, .te2e_s = 4}, {0}};
	const struct broker_options o = {.ues = ues,
					 .plugin_lines = "plugin_opt_refresh_margin 50\n"};
	struct broker b;
	struct test_ue u;
	struct eese_key_update update;

	REQUIRE(broker_start(&b, &o));
	ue_named(&u, "half-0");
	EXPECT(ue_connect(&u, &b, MQTT_5, false) && ue_first_contact(&u));
	EXPECT_EQUAL(ue_say(&u, "t", "early", 2), 0);
	EXPECT(ue_quiet(&u));
	harness_sleep_ms(2200);
	EXPECT_EQUAL(ue_say(&u, "t", "close", 2), 0);
	EXPECT(ue_update(&u, EESE_UPDATE_AHEAD, &update));
	EXPECT_EQUAL(update.ref.form, EESE_REF_VALID);
	EXPECT_EQUAL(ue_say(&u, "t", "not yet", 2), 0);
	ue_adopt(&u, &update);
	EXPECT_EQUAL(ue_say(&u, "t", "new", 2), 0);
	mqtt_disconnect(&u.link);
	broker_stop(&b);
}

/* 'Every start of the EESE makes all stored keysets invalid': here none is stored at all. */
static void test_restart(void)
{
	static const struct ue_range ues[] = {{.prefix = "long", .count = 1}, {0}};
	const struct broker_options o = {.ues = ues};
	struct broker b;
	struct test_ue u;
	struct octets msg;
	struct eese_key_update update;

	REQUIRE(broker_start(&b, &o));
	ue_named(&u, "long-0");
	EXPECT(ue_connect(&u, &b, MQTT_5, false) && ue_first_contact(&u));
	ue_seal(&u, "t", "recorded", &msg);
	EXPECT(taken(MQTT_5, 1, ue_send(&u, "t", &msg, 1)));
	mqtt_abort(&u.link);
	broker_stop(&b);
	/* KSN goes by the time in seconds. Within the same one it would be the UE's own again, with
	 * another RAND, and cost a KEY_REQUEST 1. */
	harness_sleep_ms(1100);
	REQUIRE(broker_start(&b, &o));
	EXPECT(ue_connect(&u, &b, MQTT_5, false));
	EXPECT_EQUAL(ue_send(&u, "t", &msg, 1), 0x87);
	EXPECT(ue_update(&u, EESE_UPDATE_UNKNOWN, &update));
	EXPECT(update.ksn > u.ksn);
	EXPECT_EQUAL(update.ref.form, EESE_REF_ABSENT);
	ue_adopt(&u, &update);
	EXPECT(taken(MQTT_5, 1, ue_say(&u, "t", "anew", 1)));
	mqtt_disconnect(&u.link);
	broker_stop(&b);
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"expiry by te2e", test_expiry},
	    {"repeat of a pending", test_repeat},
	    {"garbage holds no answer back", test_budgets},
	    {"budgets before the first keyset", test_budgets_crossed},
	    {"KEY_UPDATE 3 repeated", test_unknown_repeat},
	    {"refresh asked for", test_refresh_asked},
	    {"KEY_REQUEST, every reason", test_reasons},
	    {"bad KEY_REQUEST", test_bad_request},
	    {"algorithms", test_algorithms},
	    {"refresh ahead of expiry", test_ahead},
	    {"restart of the broker", test_restart},
	    {"stop", stop},
	};

	return harness_main("refresh", tests, sizeof tests / sizeof *tests);
}
