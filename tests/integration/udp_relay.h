/* SPDX-License-Identifier: Apache-2.0 */
/* A network between a device and a server that loses, doubles, reorders or stops datagrams. */
#ifndef EESE_TESTS_UDP_RELAY_H
#define EESE_TESTS_UDP_RELAY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum relay_manner {
	RELAY_ALL,
	RELAY_LOSSY,      /* every other datagram of each way gets lost, the rest comes twice */
	RELAY_NO_CHANGED, /* answers of code 2.04 get lost */
	RELAY_BAD,   /* of each way a fifth gets lost, a fifth is doubled, a fifth overtaken; none
			gets lost right after another, as libcoap then waits for up to a minute */
	RELAY_WORSE, /* the same, and losses in a row as they come */
};

struct udp_relay {
	uint16_t port; /* where devices send to */
	int front, back;
	pthread_t thread;
	atomic_bool stopping;
	atomic_int manner; /* enum relay_manner */
	atomic_uint lost;
	unsigned passed[2];            /* datagrams to the server and from it, the thread's */
	bool lost_last[2];             /* the last one of each way, the thread's */
	atomic_uint datagrams, octets; /* that came, of both ways: UDP payload */
	struct {
		uint8_t octets[2048];
		size_t len;     /* 0: none */
	} late[2];              /* overtaken by the next */
	unsigned short dice[3]; /* the thread's, once the manner is one that throws them */
};

/* To this port of 127.0.0.1; it answers whoever sent last. */
bool udp_relay_start(struct udp_relay *r, uint16_t to);
void udp_relay_stop(struct udp_relay *r);

#endif
