/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw MQTT 3.1.1 connections, with TLS or without, as cheap for the sender as can be: packets are
 * made ahead of time, answers are only counted. Every wait has a bound of LINK_PATIENCE_S.
 */
#ifndef EESE_BENCH_LINK_H
#define EESE_BENCH_LINK_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINK_PATIENCE_S = 20, LINK_BUFFER = 1 << 16 };

struct link {
	int fd;
	gnutls_session_t tls; /* NULL: none */
	uint8_t *in;          /* LINK_BUFFER octets once something was read by packets */
	size_t used, len;
	uint8_t answers[1024]; /* not sent yet */
	size_t answers_len;
	size_t octets_in, octets_out; /* MQTT, without TLS, TCP and IP */
};

/* A packet received; body is valid until the next call for this link. */
struct packet {
	uint8_t first;
	const uint8_t *body;
	size_t len;
};

/* Connects as this user, with a clean session. ca: NULL, or the broker's CA for TLS. */
bool link_open(struct link *l, uint16_t port, const char *user,
	       gnutls_certificate_credentials_t ca);
/* NULL-safe for what never was open. */
void link_close(struct link *l);

bool link_write(struct link *l, const void *p, size_t len);
/* The next packet, of any type. */
bool link_read(struct link *l, struct packet *out);
/* The next packet must be of this type. */
bool link_expect(struct link *l, uint8_t type, struct packet *out);
bool link_subscribe(struct link *l, const char *filter, uint8_t qos);

/* Takes count PUBLISH packets, and answers them and what follows from them as their QoS demands:
 * what came in one piece in one piece. */
bool link_take(struct link *l, size_t count);
/* The next PUBLISH, answered at once; *payload is valid until the next call. */
bool link_message(struct link *l, const uint8_t **payload, size_t *len);
/* What a publisher of one message waits for, and sends: nothing, PUBACK, PUBREC..PUBCOMP. */
bool link_settle(struct link *l, uint8_t qos);

/* A PUBLISH; out holds strlen(topic) + len + 9 octets. Its length. */
size_t link_publish(uint8_t *out, const char *topic, const void *payload, size_t len, uint8_t qos,
		    uint16_t mid);

#endif
