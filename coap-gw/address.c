/* SPDX-License-Identifier: Apache-2.0 */
#include "address.h"

#include <netdb.h>
#include <string.h>

#include "host/number.h"

enum { HOST_ROOM = 64 };

/* Splits into host and what follows; a bare IPv6 address has no port. */
static bool split(const char *text, char host[HOST_ROOM], const char **rest)
{
	const bool bracket = text[0] == '[';
	const char *begin = bracket ? text + 1 : text, *end;

	if (bracket)
		end = strchr(begin, ']');
	else if (strchr(begin, ':') != strrchr(begin, ':'))
		end = begin + strlen(begin);
	else
		end = begin + strcspn(begin, ":");
	if (end == NULL || end == begin || end - begin >= HOST_ROOM)
		return false;
	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = '\0';
	*rest = bracket ? end + 1 : end;
	return **rest == '\0' || **rest == ':';
}

const char *address_read(const char *text, uint16_t default_port, coap_address_t *out)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found;
	char host[HOST_ROOM];
	const char *rest;
	long port = default_port;

	if (!split(text, host, &rest))
		return "ADDRESS:PORT or [ADDRESS]:PORT is needed";
	if (*rest == ':' && !eese_number_read(rest + 1, 1, 65535, &port))
		return "the port is a number from 1 to 65535";
	if (getaddrinfo(host, NULL, &hints, &found) != 0)
		return "a numeric IPv4 or IPv6 address is needed";
	coap_address_init(out);
	out->size = found->ai_addrlen;
	memcpy(&out->addr, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	coap_address_set_port(out, (uint16_t)port);
	return NULL;
}
