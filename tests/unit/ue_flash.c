/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record in flash (eese/flash.h): power is cut at every octet that is programmed or erased, in
 * a flash whose half-programmed bits read now so, now so. Old or new, and the same from then on.
 */
#include "ue_support.h"

#include <stdio.h>
#include <stdlib.h>

#include "eese/flash.h"

enum { SECTOR_MAX = 4096, NO_CUT = -1, ERASE_STEP = 32 };

struct flash_model {
	struct eese_flash_port port;
	uint8_t octets[2][SECTOR_MAX];
	uint8_t weak[2][SECTOR_MAX];    /* bits that read as they like */
	bool programmed[2][SECTOR_MAX]; /* since its erase: not allowed again */
	bool ecc;                       /* a unit with a weak bit can't be read */
	bool deaf;                      /* nothing can be read */
	int left;                       /* octets, or ERASE_STEP erased ones, until power is cut */
	int bad_at;                     /* a unit that takes nothing, -1: none */
	bool off;
	bool programmed_twice;
	unsigned erases[2], programs;
	uint32_t random;
};

static uint8_t chance(struct flash_model *m)
{
	m->random = m->random * UINT32_C(1664525) + UINT32_C(1013904223);
	return (uint8_t)(m->random >> 24);
}

/* Whether power lasts for one more octet. */
static bool step(struct flash_model *m)
{
	m->off = m->off || m->left == 0;
	if (m->left > 0) {
		m->left--;
	}
	return !m->off;
}

static bool model_read(void *ctx, unsigned sector, uint32_t at, uint8_t *out, size_t len)
{
	struct flash_model *m = ctx;
	CU_ASSERT_FATAL(sector < 2 && at + len <= m->port.sector_size);
	if (m->deaf || m->off) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		uint8_t weak = m->weak[sector][at + i];
		if (weak != 0 && m->ecc) {
			return false;
		}
		out[i] = (uint8_t)(m->octets[sector][at + i] ^ (weak & chance(m)));
	}
	return true;
}

/* Power goes at this octet: nothing was done yet, or one bit is programmed for good and others read
 * as they like. */
static void cut_octet(struct flash_model *m, unsigned sector, uint32_t at, uint8_t value)
{
	uint8_t zeros = (uint8_t)~value;
	if (zeros == 0 || chance(m) % 4 == 0) {
		return;
	}
	uint8_t firm = zeros & (uint8_t)-zeros;
	m->programmed[sector][at] = true;
	m->weak[sector][at] = zeros & chance(m) & (uint8_t)~firm;
	m->octets[sector][at] &= (uint8_t)~firm;
}

static bool model_program(void *ctx, unsigned sector, uint32_t at, const uint8_t *octets,
			  size_t len)
{
	struct flash_model *m = ctx;
	uint32_t unit = m->port.program_size;
	CU_ASSERT_FATAL(sector < 2 && at + len <= m->port.sector_size && len > 0);
	CU_ASSERT_FATAL(at % unit == 0 && len % unit == 0);
	m->programs++;
	for (size_t i = 0; i < len; i++) {
		uint8_t *o = &m->octets[sector][at + i];
		if (m->off) {
			return false;
		}
		/* Zeros may be programmed over anything. */
		m->programmed_twice =
		    m->programmed_twice || (m->programmed[sector][at + i] && octets[i] != 0);
		if (m->bad_at >= 0 && (at + i) / unit == (uint32_t)m->bad_at / unit) {
			continue;
		}
		if (!step(m)) {
			cut_octet(m, sector, at + (uint32_t)i, octets[i]);
			return false;
		}
		m->programmed[sector][at + i] = true;
		*o &= octets[i];
	}
	return true;
}

/* All octets rise together: at a cut any bit of the sector may be any way. */
static bool model_erase(void *ctx, unsigned sector)
{
	struct flash_model *m = ctx;
	CU_ASSERT_FATAL(sector < 2);
	if (m->off) {
		return false;
	}
	m->erases[sector]++;
	for (uint32_t i = 0; i < m->port.sector_size; i += ERASE_STEP) {
		if (!step(m)) {
			for (uint32_t k = 0; k < m->port.sector_size; k++) {
				uint8_t risen = chance(m);
				risen &= chance(m);
				m->octets[sector][k] |= risen;
				m->weak[sector][k] = (uint8_t)~risen & chance(m);
			}
			return false;
		}
	}
	memset(m->octets[sector], 0xff, m->port.sector_size);
	memset(m->weak[sector], 0, m->port.sector_size);
	memset(m->programmed[sector], 0, sizeof m->programmed[sector]);
	return true;
}

static void model_new(struct flash_model *m, uint32_t sector_size, uint8_t unit, bool ecc)
{
	memset(m, 0, sizeof *m);
	m->port = (struct eese_flash_port){.read = model_read,
					   .program = model_program,
					   .erase = model_erase,
					   .ctx = m,
					   .sector_size = sector_size,
					   .program_size = unit};
	memset(m->octets, 0xff, sizeof m->octets);
	m->left = NO_CUT;
	m->bad_at = -1;
	m->ecc = ecc;
	m->random = 1;
}

static void boot(struct flash_model *m, struct eese_flash *f)
{
	m->off = false;
	m->left = NO_CUT;
	CU_ASSERT_EQUAL_FATAL(eese_flash_init(f, &m->port), EESE_OK);
}

static void record_of(unsigned n, uint8_t out[EESE_UE_RECORD_SIZE])
{
	for (unsigned i = 0; i < EESE_UE_RECORD_SIZE; i++) {
		out[i] = (uint8_t)(n * 31 + i * (n + 7));
	}
	out[0] = (uint8_t)(n >> 8);
	out[1] = (uint8_t)n;
}

/* Which record it is; -1: none, -2: it can't be read, -3: a damaged one. */
static int read_number(struct eese_flash *f)
{
	uint8_t record[EESE_UE_RECORD_SIZE];
	uint8_t want[EESE_UE_RECORD_SIZE];
	memset(record, 0x55, sizeof record);
	switch (eese_flash_nvm(f, EESE_UE_NVM_READ, record)) {
	case EESE_UE_NVM_EMPTY:
		return -1;
	case EESE_UE_NVM_FAILED:
		return -2;
	case EESE_UE_NVM_OK:
		break;
	}
	int n = record[0] << 8 | record[1];
	record_of((unsigned)n, want);
	return memcmp(record, want, sizeof want) == 0 ? n : -3;
}

static bool write_number(struct eese_flash *f, int n)
{
	uint8_t record[EESE_UE_RECORD_SIZE];
	record_of((unsigned)n, record);
	return eese_flash_nvm(f, EESE_UE_NVM_WRITE, record) == EESE_UE_NVM_OK;
}

static const struct {
	uint32_t sector_size;
	uint8_t unit;
} sizes[] = {{224, 32}, {144, 1}, {160, 8}, {1024, 8}, {1000, 2}, {2048, 4}, {4096, 16}};

#define EACH_SIZE(i) (size_t i = 0; (i) < sizeof sizes / sizeof sizes[0]; (i)++)

static void sizes_that_do_not_fit(void)
{
	static struct flash_model m;
	struct eese_flash f;
	static const struct {
		uint32_t sector_size;
		uint8_t unit;
	} bad[] = {{4096, 0}, {4096, 3}, {4096, 64}, {1022, 4},
		   {223, 1},  {216, 32}, {143, 1},   {0, 1}};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		model_new(&m, bad[i].sector_size, bad[i].unit, false);
		bool fits = bad[i].sector_size >= 144 && bad[i].unit == 1;
		CU_ASSERT_EQUAL(eese_flash_init(&f, &m.port), fits ? EESE_OK : EESE_INVALID);
	}
	model_new(&m, 4096, 8, false);
	m.port.erase = NULL;
	CU_ASSERT_EQUAL(eese_flash_init(&f, &m.port), EESE_INVALID);
}

static void reads_what_was_written(void)
{
	static struct flash_model m;
	struct eese_flash f;
	for
		EACH_SIZE(i)
		{
			model_new(&m, sizes[i].sector_size, sizes[i].unit, false);
			boot(&m, &f);
			CU_ASSERT_EQUAL(read_number(&f), -1);
			for (int n = 0; n < 100; n++) {
				CU_ASSERT(write_number(&f, n));
				CU_ASSERT_EQUAL(read_number(&f), n);
				if (n % 3 == 0) {
					boot(&m, &f);
					CU_ASSERT_EQUAL(read_number(&f), n);
				}
			}
		}
}

/* A write without a read before it goes behind what is there. */
static void writes_before_it_reads(void)
{
	static struct flash_model m;
	struct eese_flash f;
	model_new(&m, 1024, 8, false);
	for (int n = 0; n < 40; n++) {
		boot(&m, &f);
		CU_ASSERT(write_number(&f, n));
		boot(&m, &f);
		CU_ASSERT_EQUAL(read_number(&f), n);
	}
}

/* Reads program nothing, and both sectors are erased in turns, once in as many writes as they hold.
 */
static void wear_is_spread(void)
{
	static struct flash_model m;
	struct eese_flash f;
	for
		EACH_SIZE(i)
		{
			model_new(&m, sizes[i].sector_size, sizes[i].unit, false);
			boot(&m, &f);
			uint32_t body = (136 + sizes[i].unit - 1u) / sizes[i].unit * sizes[i].unit;
			uint32_t mark = (4 + sizes[i].unit - 1u) / sizes[i].unit * sizes[i].unit;
			unsigned each = (sizes[i].sector_size - mark) / (body + mark);
			for (int n = 0; n < 1000; n++) {
				CU_ASSERT(write_number(&f, n));
				boot(&m, &f);
				CU_ASSERT_EQUAL(read_number(&f), n);
				unsigned programs = m.programs;
				CU_ASSERT_EQUAL(read_number(&f), n);
				CU_ASSERT_EQUAL(m.programs, programs);
			}
			CU_ASSERT_EQUAL(m.erases[0] + m.erases[1], (1000 - 1) / each);
			CU_ASSERT(m.erases[1] - m.erases[0] <= 1);
			CU_ASSERT(!m.programmed_twice);
		}
}

/* After a cut: old or new, and that again at every boot, whatever the loose bits say; then it goes
 * on. Gives which. */
static int after_cut(struct flash_model *m, int old, int new)
{
	struct eese_flash f;
	boot(m, &f);
	int n = read_number(&f);
	CU_ASSERT(n == old || n == new);
	for (int again = 0; again < 4; again++) {
		boot(m, &f);
		CU_ASSERT_EQUAL(read_number(&f), n);
	}
	CU_ASSERT(write_number(&f, new + 1));
	for (int again = 0; again < 3; again++) {
		boot(m, &f);
		CU_ASSERT_EQUAL(read_number(&f), new + 1);
	}
	return n;
}

/* From a state with so many writes done, the next one is cut at every octet. */
static void cut_everywhere(const struct flash_model *from, int written)
{
	static struct flash_model m;
	struct eese_flash f;
	unsigned old = 0;
	bool done = false;
	for (int cut = 0; !done; cut++) {
		m = *from;
		m.port.ctx = &m;
		m.random = (uint32_t)cut + 77;
		boot(&m, &f);
		CU_ASSERT_EQUAL(read_number(&f), written - 1);
		m.left = cut;
		done = write_number(&f, written) && !m.off;
		int n = after_cut(&m, done ? written : written - 1, written);
		CU_ASSERT(!m.programmed_twice);
		old += n == written - 1;
	}
	CU_ASSERT(old > 0);
}

static void power_cut_at_every_octet(void)
{
	static struct flash_model m;
	struct eese_flash f;
	for (unsigned round = 0; round < 10; round++) {
		size_t i = round / 2;
		model_new(&m, sizes[i].sector_size, sizes[i].unit, round % 2 == 1);
		m.random = round;
		boot(&m, &f);
		unsigned most = sizes[i].sector_size > 500 ? 14 : 4;
		for (int n = 0; n < (int)most; n++) {
			cut_everywhere(&m, n);
			boot(&m, &f);
			(void)read_number(&f);
			CU_ASSERT(write_number(&f, n));
		}
	}
}

/* Cut, boot, cut while the rest of the cut is made good, boot again, and so on. */
static void power_cut_after_power_cut(void)
{
	static struct flash_model m;
	struct eese_flash f;
	for
		EACH_SIZE(i)
		{
			int finished = -1;
			int begun = -1;
			model_new(&m, sizes[i].sector_size, sizes[i].unit, i % 2 == 0);
			for (unsigned turn = 0; turn < 1000; turn++) {
				boot(&m, &f);
				m.left =
				    chance(&m) % 4 == 0 ? chance(&m) << 5 | chance(&m) : chance(&m);
				int n = read_number(&f);
				if (n == -2 && m.off) {
					continue;
				}
				CU_ASSERT_FATAL(n == finished || n == begun);
				finished = begun = n;
				while (!m.off && finished < 60000) {
					if (write_number(&f, ++begun)) {
						finished = begun;
					}
				}
			}
			CU_ASSERT(finished > 100);
			CU_ASSERT(!m.programmed_twice);
		}
}

/* The newest record, once finished, is never replaced by an older one. */
static void damage_is_told(void)
{
	static struct flash_model m;
	static struct flash_model copy;
	struct eese_flash f;
	for
		EACH_SIZE(i)
		{
			model_new(&m, sizes[i].sector_size, sizes[i].unit, false);
			boot(&m, &f);
			for (int n = 0; n < 20; n++) {
				CU_ASSERT(write_number(&f, n));
				copy = m;
				copy.port.ctx = &copy;
				uint8_t record[EESE_UE_RECORD_SIZE];
				record_of((unsigned)n, record);
				for (uint32_t at = 0; at < 2 * sizes[i].sector_size; at++) {
					uint8_t *o = &copy.octets[at % 2][at / 2];
					if (memcmp(o, record, 16) == 0) {
						o[n * 6 % 128] ^= 0x10;
					}
				}
				boot(&copy, &f);
				CU_ASSERT_EQUAL(read_number(&f), -3);
				boot(&copy, &f);
				CU_ASSERT_EQUAL(read_number(&f), -3);
				CU_ASSERT(write_number(&f, n + 100));
				boot(&copy, &f);
				CU_ASSERT_EQUAL(read_number(&f), n + 100);
				boot(&m, &f);
			}
		}
}

static void unit_that_takes_nothing(void)
{
	static struct flash_model m;
	struct eese_flash f;
	model_new(&m, 1024, 8, false);
	m.bad_at = 300;
	boot(&m, &f);
	for (int n = 0; n < 100; n++) {
		CU_ASSERT(write_number(&f, n));
		boot(&m, &f);
		CU_ASSERT_EQUAL(read_number(&f), n);
	}
}

static void flash_that_does_not_answer(void)
{
	static struct flash_model m;
	struct eese_flash f;
	model_new(&m, 1024, 8, false);
	boot(&m, &f);
	CU_ASSERT(write_number(&f, 1));
	boot(&m, &f);
	m.deaf = true;
	CU_ASSERT_EQUAL(read_number(&f), -2);
	CU_ASSERT(!write_number(&f, 2));
	m.deaf = false;
	CU_ASSERT_EQUAL(read_number(&f), 1);
	CU_ASSERT(write_number(&f, 2));
	CU_ASSERT_EQUAL(read_number(&f), 2);
}

static enum eese_ue_nvm_result device_nvm(void *ctx, enum eese_ue_nvm op,
					  uint8_t record[EESE_UE_RECORD_SIZE])
{
	return eese_flash_nvm(ctx, op, record);
}

/* The port has one context; the device's other functions find theirs through it. */
static struct {
	struct eese_flash flash;
	struct flash_model model;
	struct eese_ue_port of_world;
} device;

static bool device_send(void *ctx, const struct eese_ue_message *msg)
{
	(void)ctx;
	return !device.model.off && device.of_world.send(device.of_world.ctx, msg);
}

static uint64_t device_now(void *ctx)
{
	(void)ctx;
	return device.of_world.now(device.of_world.ctx);
}

static bool device_random(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	return device.of_world.random(device.of_world.ctx, out, len);
}

/* The whole device over the flash: no number of a keyset is used for two messages, wherever power
 * goes. */
static void no_number_twice(void)
{
	enum { KSN = 16, NUMBERS = 8192 };
	static struct sent used[NUMBERS];
	struct world *w = world_new();
	unsigned texts = 0;
	int64_t highest = -1;
	memset(used, 0, sizeof used);
	model_new(&device.model, 1024, 8, false);
	device.of_world = w->config.port;
	w->config.port = (struct eese_ue_port){device_send, device_now, device_random, device_nvm,
					       &device.flash};
	w->config.reserve_block = 2;
	boot(&device.model, &device.flash);
	world_init(w);
	CU_ASSERT_EQUAL(update(w, KSN, 1, absent()), EESE_OK);
	for (int life = 0; life < 1500; life++) {
		device.model.left = life * 7 % 3000;
		for (int i = 0; i < 5; i++) {
			char text[16];
			(void)snprintf(text, sizeof text, "text %u", texts++);
			publish(w, text, true);
		}
		take_events(w);
		for (const struct sent *s; (s = next_sent(w)) != NULL;) {
			struct eese_data_head head;
			CU_ASSERT_EQUAL_FATAL(eese_data_head(s->octets, s->len, &head), EESE_OK);
			CU_ASSERT_FATAL(head.number < NUMBERS);
			CU_ASSERT_EQUAL(used[head.number].len, 0);
			used[head.number] = *s;
			highest = (int64_t)head.number > highest ? (int64_t)head.number : highest;
		}
		boot(&device.model, &device.flash);
		world_restart(w);
		CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), KSN);
	}
	CU_ASSERT(highest > 1000);
	world_free(w);
}

/* A damaged record makes the device run AKA, and the record of the new key is whole again. */
static void damaged_record_spends_the_key(void)
{
	struct world *w = world_new();
	model_new(&device.model, 1024, 8, false);
	device.of_world = w->config.port;
	w->config.port = (struct eese_ue_port){device_send, device_now, device_random, device_nvm,
					       &device.flash};
	boot(&device.model, &device.flash);
	world_init(w);
	CU_ASSERT_EQUAL(update(w, 16, 1, absent()), EESE_OK);
	CU_ASSERT_EQUAL(update(w, 17, 1, absent()), EESE_OK);
	device.model.octets[0][(device.flash.next - 1) * 144 + 20] ^= 1;
	boot(&device.model, &device.flash);
	world_restart(w);
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), 0);
	take_events(w);
	CU_ASSERT_EQUAL(w->event_count[EESE_UE_EVENT_RUN_AKA], 1);
	key_of(2, w->int_key);
	CU_ASSERT_EQUAL(eese_ue_new_key(&w->ue, w->int_key), EESE_OK);
	CU_ASSERT_EQUAL(update(w, 16, 1, absent()), EESE_OK);
	boot(&device.model, &device.flash);
	world_restart(w);
	CU_ASSERT_EQUAL(eese_ue_ksn(&w->ue), 16);
	world_free(w);
}

int main(void)
{
	static const struct unit_test tests[] = {
	    {"sizes that do not fit", sizes_that_do_not_fit},
	    {"reads what was written", reads_what_was_written},
	    {"writes before it reads", writes_before_it_reads},
	    {"wear is spread", wear_is_spread},
	    {"power cut at every octet", power_cut_at_every_octet},
	    {"power cut after power cut", power_cut_after_power_cut},
	    {"damage is told", damage_is_told},
	    {"a unit that takes nothing", unit_that_takes_nothing},
	    {"flash that does not answer", flash_that_does_not_answer},
	    {"no number twice", no_number_twice},
	    {"a damaged record spends the key", damaged_record_spends_the_key},
	};
	return run_suite("ue flash", tests, sizeof tests / sizeof tests[0]);
}
