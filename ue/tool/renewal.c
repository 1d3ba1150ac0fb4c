/* SPDX-License-Identifier: Apache-2.0 */
#include "renewal.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "host/say.h"

enum {
	HOUR = 3600, /* seconds */
	DAY = 24 * HOUR,
	BACK_OFF_FIRST = 2000, /* milliseconds */
	BACK_OFF_MAX = HOUR * 1000,
};

static uint64_t unix_time(void)
{
	const time_t t = time(NULL);

	return t > 0 ? (uint64_t)t : 1;
}

/* A part of the time, evenly between half of it and all of it, so that not all come at once. */
static uint64_t jitter(uint64_t time)
{
	uint16_t r = 0;

	(void)!getrandom(&r, sizeof(r), GRND_NONBLOCK);
	return time / 2 + time / 2 * r / UINT16_MAX;
}

/* ---- the key ---- */

/* Before RES leaves. The one that waited before is displaced: the key server has the newest. */
static bool take_key(void *ctx, const uint8_t key[EESE_INT_KEY_SIZE])
{
	struct renewal *r = ctx;
	struct keys_one *next = &r->keys.next;

	if (!r->taken)
		r->before = *next;
	r->taken = true;
	*next = (struct keys_one){.there = true, .renew = unix_time() + HOUR};
	memcpy(next->key, key, EESE_INT_KEY_SIZE);
	return keys_write(&r->keys);
}

/* N11: AKA again when a tenth of the lifetime is left, or a little earlier. */
static void set_times(struct keys_one *one, uint32_t lifetime)
{
	const uint64_t now = unix_time();

	one->expiry = now + lifetime;
	one->renew = one->expiry - lifetime / 10 - jitter(lifetime / 10);
}

/* Two keys of one IKID could not be told apart after a restart (eese_ue_new_key()). */
static bool same_ikid(const struct keys *k)
{
	uint16_t a = 0, b = 0;

	return k->current.there && eese_derive_ikid(k->current.key, &a) == EESE_OK &&
	       eese_derive_ikid(k->next.key, &b) == EESE_OK && a == b;
}

static void tell_key(const struct keys *k, uint32_t lifetime)
{
	uint16_t ikid = 0;

	if (eese_derive_ikid(keys_newest(k)->key, &ikid) != EESE_OK)
		return;
	if (lifetime > 0)
		say_event("AKA: new key, IKID %04x, for %" PRIu32 " s", (unsigned)ikid, lifetime);
	else
		say_event("AKA: new key, IKID %04x, perhaps: %s", (unsigned)ikid,
			  "nobody said what became of RES");
}

static enum run_end got_key(struct renewal *r, enum run_end end, uint32_t lifetime)
{
	if (same_ikid(&r->keys)) {
		r->keys.next = r->before;
		r->run.why = "the new key can't be told from the old one";
		return keys_write(&r->keys) ? RUN_NO_ANSWER : RUN_FILES;
	}
	if (end == RUN_KEY)
		set_times(&r->keys.next, lifetime);
	r->keys.refused = 0;
	if (!r->keys.current.there)
		keys_promote(&r->keys);
	tell_key(&r->keys, lifetime);
	return keys_write(&r->keys) ? end : RUN_FILES;
}

/*
 * The key of a run whose RES was refused was never in force, if the refusal is true: anybody on the
 * way can say it. So the key stays beside the one in use, in case the EESE gets it; unless a key
 * that is more likely in force stands there.
 */
static enum run_end got_refusal(struct renewal *r, bool taken)
{
	if (taken && (!r->keys.current.there || r->before.there || same_ikid(&r->keys)))
		r->keys.next = r->before;
	else if (taken)
		r->keys.next.renew = r->keys.current.renew;
	r->keys.refused = unix_time();
	return keys_write(&r->keys) ? RUN_REFUSED : RUN_FILES;
}

bool renewal_forget(struct renewal *r)
{
	eese_wipe(&r->keys.current, sizeof(r->keys.current));
	eese_wipe(&r->keys.next, sizeof(r->keys.next));
	r->keys.used = false;
	return keys_write(&r->keys);
}

bool renewal_promote(struct renewal *r)
{
	if (r->taken) {
		r->keys.current = r->before;
		eese_wipe(&r->before, sizeof(r->before));
	} else {
		keys_promote(&r->keys);
	}
	return keys_write(&r->keys);
}

bool renewal_use(struct renewal *r)
{
	if (r->keys.used)
		return true;
	r->keys.used = true;
	return keys_write(&r->keys);
}

/* ---- when ---- */

/* A clock that went back must not forbid it for years. */
static bool long_ago(uint64_t when, uint64_t gap)
{
	const uint64_t now = unix_time();

	return when > now || now - when >= gap;
}

/* Clause 6. After a refusal nothing is tried by itself for an hour or until a run brings a key,
 * unless the EESE says that AKA is what is wanted: to one that is refused it would say another
 * thing. */
static bool allowed(const struct renewal *r, enum renewal_cause cause)
{
	if (cause == RENEWAL_ASKED)
		return true;
	if (cause == RENEWAL_TOLD)
		return long_ago(r->keys.ran_told, HOUR);
	return long_ago(r->keys.refused, HOUR) &&
	       (cause != RENEWAL_SILENT || long_ago(r->keys.ran_silent, DAY));
}

void renewal_want(struct renewal *r, enum renewal_cause cause, uint64_t now)
{
	if (r->cause != RENEWAL_NONE || !allowed(r, cause))
		return;
	r->cause = cause;
	r->start_at = now;
	r->back_off = 0;
	if (cause == RENEWAL_TOLD)
		r->keys.ran_told = unix_time();
	if (cause == RENEWAL_SILENT)
		r->keys.ran_silent = unix_time();
	/* If it can't be written, neither can the key, which is told then. */
	if (cause == RENEWAL_TOLD || cause == RENEWAL_SILENT)
		(void)keys_write(&r->keys);
}

/* N11: AKA before the key's expiry. Gives the time of the next look. */
static uint64_t want_if_due(struct renewal *r, uint64_t now)
{
	const struct keys_one *newest = keys_newest(&r->keys);
	const uint64_t wall = unix_time();

	if (r->cause != RENEWAL_NONE || !newest->there || newest->renew == 0)
		return UINT64_MAX;
	if (wall >= newest->renew)
		renewal_want(r, RENEWAL_DUE, now);
	else if (newest->renew - wall < HOUR)
		return now + (newest->renew - wall) * 1000;
	return now + HOUR * 1000;
}

uint64_t renewal_prepare(struct renewal *r, struct pollfd *p, uint64_t now)
{
	const uint64_t look = want_if_due(r, now);

	*p = (struct pollfd){.fd = -1, .events = POLLIN};
	if (r->running)
		return run_prepare(&r->run, p, now);
	return r->cause != RENEWAL_NONE ? r->start_at : look;
}

static void try_again(struct renewal *r, uint64_t now)
{
	uint64_t pause;

	r->back_off = r->back_off == 0 ? BACK_OFF_FIRST : 2 * r->back_off;
	if (r->back_off > BACK_OFF_MAX)
		r->back_off = BACK_OFF_MAX;
	pause = jitter(r->back_off);
	r->start_at = now + pause;
	say_event("AKA: %s; again in %.1f s", r->run.why, (double)pause / 1000);
}

/* What a run came to. */
static enum run_end ended(struct renewal *r, enum run_end end, uint64_t now)
{
	const bool taken = r->run.aka.state == EESE_AKA_ANSWERED;

	if (end == RUN_KEY || end == RUN_UNCERTAIN || end == RUN_REFUSED)
		r->taken = false;
	if (end == RUN_KEY || end == RUN_UNCERTAIN)
		end = got_key(r, end, r->run.lifetime);
	else if (end == RUN_REFUSED)
		end = got_refusal(r, taken);
	if (end == RUN_NO_ANSWER || end == RUN_UNTRUSTED)
		try_again(r, now);
	else
		r->cause = RENEWAL_NONE;
	if (end == RUN_REFUSED)
		say_event("AKA: refused: %s", r->run.why);
	return end;
}

enum run_end renewal_done(struct renewal *r, uint64_t now)
{
	enum run_end end;

	if (!r->running && r->cause != RENEWAL_NONE && now >= r->start_at) {
		run_start(&r->run, &r->config);
		r->running = true;
	}
	if (!r->running)
		return RUN_GOES_ON;
	end = run_done(&r->run, now);
	if (end == RUN_GOES_ON)
		return end;
	r->running = false;
	end = ended(r, end, now);
	r->why = r->run.why;
	run_close(&r->run);
	return end;
}

enum run_end renewal_cut_short(struct renewal *r)
{
	const bool answered = r->running && r->run.aka.state == EESE_AKA_ANSWERED;

	if (!r->running)
		return RUN_NO_ANSWER;
	r->running = false;
	r->cause = RENEWAL_NONE;
	run_close(&r->run);
	r->taken = r->taken && !answered;
	return answered ? got_key(r, RUN_UNCERTAIN, 0) : RUN_NO_ANSWER;
}

/* ---- start and end ---- */

bool renewal_open(struct renewal *r, const struct options *o, const char *state_path)
{
	memset(r, 0, sizeof(*r));
	r->usim.lock = -1;
	r->config = (struct run_config){.host = r->host,
					.usim = &r->usim.usim,
					.domain = o->domain,
					.identity = o->imsi ? o->imsi : o->ue,
					.take_key = take_key,
					.ctx = r};
	return coap_client_uri(o->aka, r->host, &r->config.port, NULL) == NULL &&
	       usim_file_open(&r->usim, o->usim) && keys_read(&r->keys, state_path, o->domain);
}

void renewal_close(struct renewal *r)
{
	run_close(&r->run);
	usim_file_close(&r->usim);
	eese_wipe(r, sizeof(*r));
}
