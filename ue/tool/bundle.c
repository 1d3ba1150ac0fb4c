/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle.h"

#include <string.h>

/* RFC 8949 3.1: major types, and the one simple value there is. */
enum { MAJOR_UINT = 0, MAJOR_BSTR = 2, MAJOR_TSTR = 3, SIMPLE_TRUE = 0xf5 };

static bool read_head(const uint8_t **p, size_t *left, unsigned *major, uint64_t *value)
{
	unsigned info, more;

	if (*left == 0)
		return false;
	*major = **p >> 5;
	info = **p & 31U;
	more = info < 24 ? 0 : info < 28 ? 1U << (info - 24) : UINT8_MAX;
	if (more > *left - 1)
		return false;
	*value = more == 0 ? info : 0;
	for (unsigned i = 1; i <= more; i++)
		*value = *value << 8 | (*p)[i];
	*p += 1 + more;
	*left -= 1 + more;
	return true;
}

static bool read_string(const uint8_t **p, size_t *left, uint64_t want, const uint8_t **octets,
			size_t *len)
{
	if (want > *left)
		return false;
	*octets = *p;
	*len = (size_t)want;
	*p += want;
	*left -= (size_t)want;
	return true;
}

static enum bundle_kind read_message(const uint8_t **p, size_t *left, uint64_t value,
				     struct bundle_item *out)
{
	unsigned major;

	if (!read_string(p, left, value, &out->topic, &out->topic_len) ||
	    !read_head(p, left, &major, &value) || major != MAJOR_BSTR ||
	    !read_string(p, left, value, &out->octets, &out->len))
		return BUNDLE_BAD;
	return BUNDLE_MESSAGE;
}

static enum bundle_kind read_item(const uint8_t **p, size_t *left, struct bundle_item *out)
{
	const uint8_t first = *left > 0 ? **p : 0;
	unsigned major;
	uint64_t value;

	if (*left == 0)
		return BUNDLE_END;
	if (!read_head(p, left, &major, &value))
		return BUNDLE_BAD;
	if (first == SIMPLE_TRUE)
		return BUNDLE_MORE;
	out->number = value;
	if (major == MAJOR_UINT)
		return BUNDLE_NUMBER;
	if (major == MAJOR_BSTR)
		return read_string(p, left, value, &out->octets, &out->len) ? BUNDLE_UPDATE
									    : BUNDLE_BAD;
	return major == MAJOR_TSTR ? read_message(p, left, value, out) : BUNDLE_BAD;
}

enum bundle_kind bundle_next(const uint8_t **p, size_t *left, struct bundle_item *out)
{
	memset(out, 0, sizeof(*out));
	out->kind = read_item(p, left, out);
	return out->kind;
}
