/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that can't be used: the start is refused with its cause. One that can't be written any
 * more: the broker serves on, and says so. And what of it may not be readable.
 */
#include "admin.h"
#include "store_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000, STEP_MS = 10 };

static const struct ue_range ues[] = {{.prefix = "ue", .count = 40}, {0}};
static const struct broker_options options = {
    .ues = ues, .plugin_lines = "plugin_opt_admins " TEST_ADMIN_USER "\n"};

static struct broker broker;
static struct test_ue ue;

static bool log_says(const struct broker *b, const char *what)
{
	char *log = broker_log(b);
	bool says = strstr(log, what) != NULL;

	if (!says)
		printf("\n  the log does not say \"%s\":\n%s\n", what, log);
	free(log);
	return says;
}

/* With a UE in it that has keysets. */
static void start(void)
{
	REQUIRE(broker_start(&broker, &options));
	ue_take(&ue, "ue");
	REQUIRE(ue_connect(&ue, &broker, MQTT_5, false) && ue_first_contact(&ue));
	EXPECT(log_says(&broker, "made its KEK in "));
	mqtt_abort(&ue.link);
	broker_end(&broker);
}

static void stop(void)
{
	REQUIRE(broker_again(&broker, &options));
	broker_stop(&broker);
}

/* ---- starts ---- */

static void expect_refused(const char *why)
{
	int status = 0, waited = 0;
	pid_t ended = 0;

	broker_launch(&broker, &options);
	while (waited < PATIENCE_MS && (ended = waitpid(broker.pid, &status, WNOHANG)) == 0) {
		harness_sleep_ms(STEP_MS);
		waited += STEP_MS;
	}
	if (ended == 0)
		broker_kill(&broker);
	broker.pid = 0;
	EXPECT(ended != 0 && WIFEXITED(status) && WEXITSTATUS(status) != 0);
	EXPECT(log_says(&broker, "eese.db"));
	EXPECT(log_says(&broker, why));
}

static void overwrite(const char *path, off_t at, size_t len)
{
	char octets[4096];
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	memset(octets, 0xa5, sizeof octets);
	for (size_t n; len > 0; len -= n, at += (off_t)n) {
		n = len < sizeof octets ? len : sizeof octets;
		EXPECT(pwrite(fd, octets, n, at) > 0);
	}
	close(fd);
}

static void write_kek(const char *text)
{
	FILE *f = fopen(store_path(&broker, ".kek"), "w");

	if (f == NULL)
		abort();
	fputs(text, f);
	fclose(f);
}

static void kek_other(void)
{
	write_kek("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n");
}

static void kek_short(void)
{
	write_kek("0011\n");
}

static void kek_gone(void)
{
	unlink(store_path(&broker, ".kek"));
}

static void kek_open(void)
{
	chmod(store_path(&broker, ".kek"), 0644);
}

static void store_open(void)
{
	chmod(store_path(&broker, ""), 0640);
}

static void no_database(void)
{
	overwrite(store_path(&broker, ""), 0, 100);
}

static void pages_damaged(void)
{
	struct stat st;
	const char *path = store_path(&broker, "");

	EXPECT(stat(path, &st) == 0 && st.st_size > 8192);
	overwrite(path, 4096, (size_t)st.st_size - 4096);
}

static void cut_short(void)
{
	EXPECT(truncate(store_path(&broker, ""), 4096) == 0);
}

static void fifo(void)
{
	const char *path = store_path(&broker, "");

	unlink(path);
	EXPECT(mkfifo(path, 0600) == 0);
}

/* How a store is spoilt, by a function or by SQL, and what the log says. */
static const struct spoilt {
	void (*how)(void);
	const char *sql, *says;
} spoilt[] = {
    {kek_other, NULL, "is sealed under another KEK than the one in "},
    {kek_short, NULL, "must hold 64 hexadecimal digits"},
    {kek_gone, NULL, ": is gone: put it back"},
    {kek_open, NULL, "chmod 600"},
    {store_open, NULL, "is open to others than its owner: chmod 600"},
    {no_database, NULL, "is damaged: restore a backup"},
    {pages_damaged, NULL, "is damaged"},
    {cut_short, NULL, "is damaged"},
    {fifo, NULL, "is no regular file"},
    {NULL, "PRAGMA user_version = 99", "was written by a later version (its schema is 99"},
    {NULL, "PRAGMA application_id = 1", "is a database, but no store of the EESE"},
    {NULL, "DELETE FROM state", "is damaged"},
    {NULL, "UPDATE state SET kek_check = x'00'", "is damaged"},
    {NULL, "UPDATE ue SET key = (SELECT key FROM ue WHERE ue_id = 'ue-1') WHERE ue_id = 'ue-2'",
     "the row of UE ue-2 does not open, though the KEK is right"},
    {NULL, "UPDATE ue SET key = x'0102' WHERE ue_id = 'ue-3'", "the row of UE ue-3 does not open"},
    {NULL, "UPDATE ue SET highest_ksn = -1 WHERE ue_id = 'ue-4'",
     "the row of UE ue-4 has a value that none can have"},
    {NULL, "UPDATE ue SET ksn_alg = 77 WHERE ue_id = 'ue-0'", "the row of UE ue-0 makes no sense"},
    {NULL, "UPDATE ue SET rand = x'00' WHERE ue_id = 'ue-0'", "the row of UE ue-0 has a value"},
    {NULL, "INSERT INTO ue_group VALUES('a b', 5)", "a group in it makes no sense"},
};

/* Refused each time, and left as it is: put right again, it starts and is cleanly closed. */
static void test_spoilt(void)
{
	char db[256], kek[256];

	snprintf(db, sizeof db, "%s", store_path(&broker, ".good"));
	snprintf(kek, sizeof kek, "%s", store_path(&broker, ".kek.good"));
	REQUIRE(store_copy(store_path(&broker, ""), db));
	REQUIRE(store_copy(store_path(&broker, ".kek"), kek));
	for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
		if (spoilt[i].how != NULL)
			spoilt[i].how();
		else
			EXPECT(store_change(&broker, spoilt[i].sql));
		expect_refused(spoilt[i].says);
		REQUIRE(store_copy(db, store_path(&broker, "")));
		REQUIRE(store_copy(kek, store_path(&broker, ".kek")));
	}
	REQUIRE(broker_again(&broker, &options));
	REQUIRE(ue_connect(&ue, &broker, MQTT_5, false));
	EXPECT(refused(MQTT_5, 1, ue_say(&ue, "t", "old", 1)));
	EXPECT(ue_control(&ue).kind == CONTROL_UPDATE);
	mqtt_abort(&ue.link);
	broker_end(&broker);
}

/* Two brokers never have it at a time. */
static void test_in_use(void)
{
	char lines[512];
	struct broker_options o = {.ues = ues, .no_store_option = true, .plugin_lines = lines};

	REQUIRE(broker_again(&broker, &options));
	snprintf(lines, sizeof lines, "plugin_opt_store %s\n", store_path(&broker, ""));
	broker_refuses(&o, "is in use by another process");
	EXPECT(broker_alive(&broker));
	broker_end(&broker);
	snprintf(lines, sizeof lines, "plugin_opt_store %s/none/eese.db\n", broker.dir);
	broker_refuses(&o, "needs a directory that user");
}

/* From systemd's directory, if it has one of this name. */
static void test_credential(void)
{
	char dir[256], file[300];
	struct broker b;
	struct stat st;

	snprintf(dir, sizeof dir, "%s", store_path(&broker, ".credentials"));
	snprintf(file, sizeof file, "%s/eese-kek", dir);
	REQUIRE(mkdir(dir, 0700) == 0);
	REQUIRE(store_copy(store_path(&broker, ".kek"), file));
	REQUIRE(setenv("CREDENTIALS_DIRECTORY", dir, 1) == 0);
	REQUIRE(broker_start(&b, &options));
	EXPECT(stat(store_path(&b, ".kek"), &st) != 0);
	broker_stop(&b);
	/* It stands before the file beside the store. */
	REQUIRE(truncate(file, 0) == 0);
	expect_refused("eese-kek: must hold 64 hexadecimal digits");
	unsetenv("CREDENTIALS_DIRECTORY");
	unlink(file);
	rmdir(dir);
}

/* ---- while it runs ---- */

static bool await_event(struct mqtt *m, const char *event)
{
	for (;;) {
		struct mqtt_message *msg = mqtt_next(m, PATIENCE_MS);
		bool is;

		if (msg == NULL)
			return false;
		is = memmem(msg->payload, msg->len, event, strlen(event)) != NULL;
		mqtt_message_free(msg);
		if (is)
			return true;
	}
}

static double counter(struct mqtt *admin, const char *name)
{
	cJSON *data = admin_done(admin, "{\"command\":\"getStatus\"}");
	double n = json_number(cJSON_GetObjectItemCaseSensitive(data, "counters"), name);

	cJSON_Delete(data);
	return n;
}

/* Served from memory; what would not last is refused; written in the end. */
static void while_failing(struct mqtt *admin, struct mqtt *events, const char *why,
			  void (*fail)(bool on))
{
	struct test_ue u;
	char query[128];

	ue_take(&u, "ue");
	fail(true);
	REQUIRE(ue_connect(&u, &broker, MQTT_5, false));
	EXPECT(ue_first_contact(&u));
	EXPECT(await_event(events, "storeFailing"));
	EXPECT(log_says(&broker, why));
	EXPECT(counter(admin, "store/failures") >= 1);
	EXPECT(counter(admin, "store/failing") == 1);
	EXPECT(admin_error_is(admin_command(admin, "{\"command\":\"addUe\",\"ueId\":\"late\"}"),
			      "Store can't be written now: it would not last"));
	EXPECT(taken(MQTT_5, 1, ue_say(&u, "t", "served", 1)));
	fail(false);
	EXPECT(await_event(events, "storeHealed"));
	EXPECT(counter(admin, "store/failing") == 0);
	snprintf(query, sizeof query, "SELECT count(*) FROM ue WHERE ue_id = '%s' AND ksn = %u",
		 u.id, u.ksn);
	EXPECT_EQUAL(store_number(&broker, query), 1);
	mqtt_abort(&u.link);
}

static void move_away(bool on)
{
	char away[256];

	snprintf(away, sizeof away, "%s", store_path(&broker, ".away"));
	EXPECT(on ? rename(store_path(&broker, ""), away) == 0
		  : rename(away, store_path(&broker, "")) == 0);
}

static void test_failing(void)
{
	struct mqtt admin, events;

	REQUIRE(broker_again(&broker, &options));
	REQUIRE(admin_open(&admin, &broker, "admin", MQTT_5));
	REQUIRE(admin_open(&events, &broker, "events", MQTT_5));
	EXPECT_EQUAL(mqtt_subscribe(&events, "$SYS/broker/eese/event", 1), 1);
	while_failing(&admin, &events, "was moved, replaced or deleted", move_away);
	cJSON_Delete(admin_done(&admin, "{\"command\":\"addUe\",\"ueId\":\"late\"}"));
	mqtt_abort(&admin);
	mqtt_abort(&events);
	broker_end(&broker);
}

/* ---- secrets ---- */

static void hex_of(const uint8_t *p, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", p[i]);
}

static void expect_nowhere(const uint8_t *secret, size_t len)
{
	static const char *const files[] = {"", "-wal", "-shm"};
	char hex[2 * EESE_INT_KEY_SIZE + 1], log[192];

	hex_of(secret, len, hex);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		EXPECT(!store_has(store_path(&broker, files[i]), secret, 16));
		EXPECT(!store_has(store_path(&broker, files[i]), hex, 16));
	}
	snprintf(log, sizeof log, "%s/log", broker.dir);
	EXPECT(!store_has(log, hex, 16));
}

/* No key in the clear, in what is being written neither. */
static void test_secrets(void)
{
	struct test_ue u;

	ue_take(&u, "ue");
	for (int i = 0; i < 2; i++) {
		REQUIRE(broker_again(&broker, &options));
		REQUIRE(ue_connect(&u, &broker, MQTT_5, false));
		EXPECT(i > 0 || ue_first_contact(&u));
		REQUIRE(store_await_ksn(&broker, &u));
		EXPECT(store_has(store_path(&broker, "-wal"), u.id, strlen(u.id)) ||
		       store_has(store_path(&broker, ""), u.id, strlen(u.id)));
		expect_nowhere(u.int_key, sizeof u.int_key);
		expect_nowhere(u.control_key, sizeof u.control_key);
		mqtt_abort(&u.link);
		broker_kill(&broker);
		expect_nowhere(u.int_key, sizeof u.int_key);
	}
}

int main(void)
{
	static const struct harness_test tests[] = {
	    {"start", start},
	    {"stores that can't be used", test_spoilt},
	    {"a store in use", test_in_use},
	    {"KEK as a credential", test_credential},
	    {"a store that can't be written", test_failing},
	    {"no secret in the clear", test_secrets},
	    {"stop", stop},
	};

	return harness_main("store start", tests, sizeof tests / sizeof *tests);
}
