/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <string.h>

#include "device.h"
#include "first_key.h"
#include "host/say.h"
#include "keyfile.h"

enum {
	ASK_FIRST = 60000, /* milliseconds */
	ASK_MAX = 3600000,
};

static int start_library(struct device *d, const struct eese_ue_config *config,
			 const uint8_t key[EESE_INT_KEY_SIZE])
{
	const enum eese_result result = eese_ue_init(&d->ue, config, key);

	if (result == EESE_OK)
		return GO_ON;
	if (!d->state.failed)
		say_error("starting: %s", eese_result_text(result));
	return EXIT_FILES;
}

/* ---- a key file ---- */

static int open_key_file(struct device *d, const struct eese_ue_config *config)
{
	struct eese_device_key key;
	int code = EXIT_FILES;

	if (!keyfile_read(d->options->key_file, d->options->ue, &key))
		return EXIT_FILES;
	memcpy(d->ue_id, key.ue_id, sizeof(d->ue_id));
	if (state_open(&d->state, d->options->state, d->ue_id))
		code = start_library(d, config, key.int_key);
	eese_wipe(&key, sizeof(key));
	return code;
}

/* ---- AKA ---- */

/* Gives the library the newest key, which the EESE is then asked for. */
static int give_next(struct device *d)
{
	struct source *s = &d->source;
	const enum eese_result result = eese_ue_new_key(&d->ue, s->renewal.keys.next.key);

	s->ask_at = 0;
	s->ask_pause = ASK_FIRST;
	s->given = result == EESE_OK;
	if (s->given)
		return GO_ON;
	say_error("the new key: %s", eese_result_text(result));
	return EXIT_FILES;
}

/* After a KEY_UPDATE under the new key; perhaps one before a restart. */
static bool promote_if_used(struct device *d)
{
	struct source *s = &d->source;

	if (!s->given || eese_ue_has_new_key(&d->ue))
		return true;
	s->given = false;
	return renewal_promote(&s->renewal);
}

/* With the keys that there are; the first one is waited for. */
static int start_with_keys(struct device *d, const struct eese_ue_config *config)
{
	struct renewal *r = &d->source.renewal;
	int code = r->keys.current.there ? GO_ON : first_key(r, d->options->wait);

	if (code == GO_ON)
		code = start_library(d, config, r->keys.current.key);
	if (code == GO_ON && r->keys.next.there) {
		code = give_next(d);
		if (code == GO_ON && !promote_if_used(d))
			code = EXIT_FILES;
	}
	return code;
}

/* Clause 6: a record that is lost: run AKA again. */
static bool lost_record(const struct device *d)
{
	return d->source.renewal.keys.used && eese_ue_ksn(&d->ue) == 0;
}

static int open_aka(struct device *d, const struct eese_ue_config *config)
{
	struct renewal *r = &d->source.renewal;
	int code;

	memcpy(d->ue_id, d->options->ue, strlen(d->options->ue) + 1);
	if (!state_open(&d->state, d->options->state, d->ue_id) ||
	    !renewal_open(r, d->options, d->state.path))
		return EXIT_FILES;
	code = start_with_keys(d, config);
	if (code == GO_ON && lost_record(d)) {
		say_event("AKA: the record in the state file is lost, a new key is needed");
		eese_ue_wipe(&d->ue);
		code = renewal_forget(r) ? start_with_keys(d, config) : EXIT_FILES;
	}
	return code;
}

int source_open(struct device *d, const struct eese_ue_config *config)
{
	d->source.aka = d->options->usim != NULL;
	return d->source.aka ? open_aka(d, config) : open_key_file(d, config);
}

void source_close(struct device *d)
{
	if (d->source.aka)
		renewal_close(&d->source.renewal);
	d->source.aka = false;
}

/* Keys that were never used have no record: what the file holds is of keys before them. */
enum eese_ue_nvm_result source_nvm(struct device *d, enum eese_ue_nvm op,
				   uint8_t record[EESE_UE_RECORD_SIZE])
{
	struct renewal *r = &d->source.renewal;

	if (d->source.aka && op == EESE_UE_NVM_READ && !r->keys.used)
		return EESE_UE_NVM_EMPTY;
	if (d->source.aka && op == EESE_UE_NVM_WRITE && !renewal_use(r)) {
		d->state.failed = true;
		return EESE_UE_NVM_FAILED;
	}
	return state_nvm(&d->state, op, record);
}

void source_event(struct device *d, const struct eese_ue_event *e)
{
	struct renewal *r = &d->source.renewal;
	const bool error_1 = e->kind == EESE_UE_EVENT_WAIT && e->reason == EESE_ERROR_UE_UNKNOWN;

	if (!d->source.aka)
		return;
	if (e->kind == EESE_UE_EVENT_NEW_KEYSET && !promote_if_used(d))
		d->state.failed = true;
	if (e->kind == EESE_UE_EVENT_RUN_AKA && e->reason == EESE_ERROR_NO_KEY)
		renewal_want(r, RENEWAL_TOLD, device_now());
	else if (e->kind == EESE_UE_EVENT_RUN_AKA || error_1)
		renewal_want(r, RENEWAL_SILENT, device_now());
}

uint64_t source_prepare(struct device *d, struct pollfd *p, uint64_t now)
{
	struct source *s = &d->source;
	uint64_t until;

	*p = (struct pollfd){.fd = -1};
	if (!s->aka)
		return UINT64_MAX;
	until = renewal_prepare(&s->renewal, p, now);
	return eese_ue_has_new_key(&d->ue) && s->ask_at < until ? s->ask_at : until;
}

/* The EESE learns of a new key when it is asked under it. */
static void ask_under_new_key(struct device *d, uint64_t now)
{
	struct source *s = &d->source;

	if (!eese_ue_has_new_key(&d->ue) || now < s->ask_at)
		return;
	eese_ue_refresh(&d->ue);
	s->ask_at = now + s->ask_pause;
	s->ask_pause = s->ask_pause < ASK_MAX / 2 ? 2 * s->ask_pause : ASK_MAX;
}

int source_done(struct device *d, uint64_t now)
{
	struct renewal *r = &d->source.renewal;
	int code = GO_ON;

	if (!d->source.aka)
		return GO_ON;
	switch (renewal_done(r, now)) {
	case RUN_KEY:
	case RUN_UNCERTAIN:
		code = give_next(d);
		break;
	case RUN_REFUSED:
		if (r->keys.next.there)
			code = give_next(d);
		break;
	case RUN_FILES:
		code = EXIT_FILES;
		break;
	default:
		break;
	}
	if (code == GO_ON)
		ask_under_new_key(d, now);
	return code;
}
