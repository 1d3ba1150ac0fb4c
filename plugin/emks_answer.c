/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/emks_answer.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "eese/keys.h"
#include "host/hex.h"
#include "host/rfc3339.h"

/* A JSON object and nothing behind it, or NULL. */
static cJSON *read_object(const char *body, size_t len)
{
	cJSON *object;

	/* A NUL would end the text before its end. */
	if (memchr(body, '\0', len) != NULL)
		return NULL;
	object = cJSON_ParseWithLengthOpts(body, len + 1, NULL, true);
	if (object != NULL && !cJSON_IsObject(object)) {
		cJSON_Delete(object);
		return NULL;
	}
	return object;
}

/* The member of this name, NULL if there is none or more than one. */
static const cJSON *member(const cJSON *object, const char *name)
{
	const cJSON *found = NULL, *item;

	cJSON_ArrayForEach(item, object)
	{
		if (item->string == NULL || strcmp(item->string, name) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = item;
	}
	return found;
}

static const char *text(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(member(object, name));
}

/* Exactly size octets in lower-case hexadecimal. */
static bool read_hex(const char *hex, uint8_t *out, size_t size)
{
	return hex != NULL && strpbrk(hex, "ABCDEF") == NULL &&
	       eese_hex_read(hex, strlen(hex), out, size);
}

static bool read_time(const cJSON *object, const char *name, uint64_t *out)
{
	const char *value = text(object, name);

	return value != NULL && eese_rfc3339_read(value, out);
}

static bool read_ikid(const cJSON *object, const uint8_t key[EESE_INT_KEY_SIZE])
{
	uint8_t octets[2];
	uint16_t ikid;

	return read_hex(text(object, "intKeyId"), octets, sizeof octets) &&
	       eese_derive_ikid(key, &ikid) == EESE_OK &&
	       ikid == (uint16_t)(octets[0] << 8 | octets[1]);
}

static const char *read_key(const cJSON *object, const char *ue_id, struct eese_key_grant *out)
{
	const char *named = text(object, "ueId");

	if (named == NULL || strcmp(named, ue_id) != 0)
		return "ueId is not the UE that was asked for";
	if (!read_hex(text(object, "e2eIntKey"), out->int_key, sizeof out->int_key))
		return "e2eIntKey is not 64 lower-case hexadecimal digits";
	if (!read_ikid(object, out->int_key))
		return "intKeyId is not the key's";
	if (!read_time(object, "created", &out->created))
		return "created is no RFC 3339 time";
	if (!read_time(object, "expiry", &out->expiry))
		return "expiry is no RFC 3339 time";
	return out->created < out->expiry ? NULL : "expiry is not behind created";
}

/* cJSON frees its texts as they are. */
static void wipe_texts(cJSON *object)
{
	cJSON *item;

	cJSON_ArrayForEach(item, object)
	{
		if (cJSON_IsString(item))
			eese_wipe(item->valuestring, strlen(item->valuestring));
	}
}

const char *eese_emks_read_key(const char *body, size_t len, const char *ue_id,
			       struct eese_key_grant *out)
{
	cJSON *object = read_object(body, len);
	const char *wrong;

	*out = (struct eese_key_grant){0};
	if (object == NULL)
		return "the answer is no JSON object";
	wrong = read_key(object, ue_id, out);
	if (wrong != NULL)
		eese_wipe(out, sizeof *out);
	wipe_texts(object);
	cJSON_Delete(object);
	return wrong;
}

const char *eese_emks_read_problem(const char *body, size_t len)
{
	static const struct {
		const char *cause, *meaning;
	} others[] = {
	    {"CLIENT_UNKNOWN", "it takes our certificate for no EESE's"},
	    {"RESOURCE_URI_STRUCTURE_NOT_FOUND", "there is no such path, is emks_url right?"},
	};
	cJSON *object = read_object(body, len);
	const char *cause = text(object, "cause");
	const char *meaning = object == NULL ? "its problem is no JSON object" : NULL;

	for (size_t i = 0; cause != NULL && i < sizeof others / sizeof *others; i++)
		if (strcmp(cause, others[i].cause) == 0)
			meaning = others[i].meaning;
	cJSON_Delete(object);
	return meaning;
}

static const char *read_rands(const cJSON *list, uint8_t out[EESE_EMKS_BATCH][EESE_RAND_SIZE],
			      size_t *count)
{
	const cJSON *item;
	size_t n = 0;

	if (!cJSON_IsArray(list))
		return "rands is no list";
	cJSON_ArrayForEach(item, list)
	{
		if (n == EESE_EMKS_BATCH)
			return "more RANDs than were asked for";
		if (!read_hex(cJSON_GetStringValue(item), out[n], EESE_RAND_SIZE))
			return "a RAND is not 32 lower-case hexadecimal digits";
		for (size_t i = 0; i < n; i++)
			if (memcmp(out[i], out[n], EESE_RAND_SIZE) == 0)
				return "a RAND is there twice";
		n++;
	}
	*count = n;
	return n > 0 ? NULL : "no RAND is in the list";
}

const char *eese_emks_read_rands(const char *body, size_t len,
				 uint8_t out[EESE_EMKS_BATCH][EESE_RAND_SIZE], size_t *count)
{
	cJSON *object = read_object(body, len);
	const char *wrong;

	*count = 0;
	if (object == NULL)
		return "the answer is no JSON object";
	wrong = read_rands(member(object, "rands"), out, count);
	cJSON_Delete(object);
	return wrong;
}
