/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/daemon/listen.h"

#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "host/number.h"

static const char form[] = "must be ADDRESS:PORT or [IPV6-ADDRESS]:PORT, in numbers";

static bool split(const char *text, char *host, size_t host_size, char *port, size_t port_size)
{
	const bool brackets = text[0] == '[';
	const char *end = brackets ? strchr(text, ']') : strrchr(text, ':');
	const char *colon = brackets && end != NULL ? end + 1 : end;
	size_t len;

	if (end == NULL || *colon != ':')
		return false;
	text += brackets ? 1 : 0;
	len = (size_t)(end - text);
	if (len == 0 || len >= host_size || strlen(colon + 1) >= port_size ||
	    (!brackets && memchr(text, ':', len) != NULL))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	memcpy(port, colon + 1, strlen(colon + 1) + 1);
	return true;
}

const char *listen_parse(const char *text, struct sockaddr_storage *out, socklen_t *len)
{
	const struct addrinfo hints = {
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
	    .ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found;
	char host[64], port[8];
	long number;

	if (!split(text, host, sizeof host, port, sizeof port) ||
	    !eese_number_read(port, 0, UINT16_MAX, &number) ||
	    getaddrinfo(host, port, &hints, &found) != 0)
		return form;
	memset(out, 0, sizeof *out);
	memcpy(out, found->ai_addr, found->ai_addrlen);
	*len = found->ai_addrlen;
	freeaddrinfo(found);
	return NULL;
}

void listen_text(const struct sockaddr *address, socklen_t len, char out[LISTEN_TEXT_SIZE])
{
	char host[64], port[8];

	if (getnameinfo(address, len, host, sizeof host, port, sizeof port,
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(out, LISTEN_TEXT_SIZE, "an unknown address");
	else
		snprintf(out, LISTEN_TEXT_SIZE,
			 address->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}
