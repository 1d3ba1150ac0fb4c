/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses to listen on, as text: ADDRESS:PORT, [IPV6-ADDRESS]:PORT. */
#ifndef EMKS_LISTEN_H
#define EMKS_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { LISTEN_TEXT_SIZE = 80 };

/* Numeric only. NULL, or what is wrong, a static text. */
const char *listen_parse(const char *text, struct sockaddr_storage *out, socklen_t *len);

void listen_text(const struct sockaddr *address, socklen_t len, char out[LISTEN_TEXT_SIZE]);

#endif
