/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An MQTT client for tests that leaves every packet to the caller: so that a DUP, a lost PUBACK or
 * a lost PUBREC can be played exactly. Blocking, with a bound on every wait. What goes wrong in
 * the transport shows as a negative result, never as a hang.
 */
#ifndef EESE_TESTS_MQTT_H
#define EESE_TESTS_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mqtt_version { MQTT_3_1 = 3, MQTT_3_1_1 = 4, MQTT_5 = 5 };

enum mqtt_type {
	MQTT_CONNECT = 1,
	MQTT_CONNACK,
	MQTT_PUBLISH,
	MQTT_PUBACK,
	MQTT_PUBREC,
	MQTT_PUBREL,
	MQTT_PUBCOMP,
	MQTT_SUBSCRIBE,
	MQTT_SUBACK,
	MQTT_UNSUBSCRIBE,
	MQTT_UNSUBACK,
	MQTT_PINGREQ,
	MQTT_PINGRESP,
	MQTT_DISCONNECT,
};

/* Instead of a reason code. */
enum { MQTT_TIMED_OUT = -1, MQTT_CLOSED = -2 };

/* Longest wait for an answer that must come. */
enum { MQTT_PATIENCE_MS = 10000 };

/* A message received. */
struct mqtt_message {
	struct mqtt_message *next;
	char *topic;
	uint8_t *payload;
	size_t len;
	size_t properties_len; /* MQTT 5: octets of properties it carried */
	uint8_t qos;
	bool dup, retain;
};

struct mqtt {
	int fd; /* -1: not connected */
	enum mqtt_version version;
	uint16_t last_mid;
	bool session_present;
	uint8_t *in;
	size_t in_len, in_size, in_used;
	struct mqtt_message *first, *last; /* received, not yet taken by mqtt_next() */
};

/* Sent with each user name. Only a broker with password_file or dynamic security asks for it. */
#define MQTT_PASSWORD "secret"

struct mqtt_login {
	enum mqtt_version version;
	const char *client_id;
	const char *username;   /* NULL: none */
	bool persistent;        /* keep the session that is there, and leave it there */
	const char *will_topic; /* NULL: no will */
	bool will_retain;
};

/* A PUBLISH to send. */
struct mqtt_publish {
	const char *topic;
	const void *payload;
	size_t len;
	uint8_t qos;
	bool dup, retain;
	uint16_t mid;              /* 0: the next free one */
	const uint8_t *properties; /* MQTT 5 only */
	size_t properties_len;
};

uint64_t mqtt_now_ms(void);

/* CONNACK's code, or a negative result. */
int mqtt_connect(struct mqtt *m, uint16_t port, const struct mqtt_login *login);

/* SUBACK's code, or a negative result. */
int mqtt_subscribe(struct mqtt *m, const char *filter, uint8_t qos);

/* Sends, waits for nothing; gives the message identifier (0 at QoS 0), -1 if the socket is gone. */
int mqtt_send_publish(struct mqtt *m, const struct mqtt_publish *p);

/* Sends a bare PUBACK, PUBREC, PUBREL or PUBCOMP. */
bool mqtt_send_ack(struct mqtt *m, enum mqtt_type type, uint16_t mid);

/* Waits for this packet; its reason code (0 where the version has none), or a negative result.
 * Messages that arrive meanwhile are acknowledged and kept for mqtt_next(). */
int mqtt_wait(struct mqtt *m, enum mqtt_type type, uint16_t mid);

/* The whole exchange at any QoS. The code of PUBACK or PUBREC, 0 at QoS 0, or negative. */
int mqtt_publish(struct mqtt *m, const struct mqtt_publish *p);

/* Two round trips with PINGREQ: what the broker made of everything sent before is here or on its
 * way in front of the answer. Two, since a plugin's messages go out a loop turn later. */
bool mqtt_sync(struct mqtt *m);

/* The next message, the caller's to free with mqtt_message_free(); NULL if none came in time. */
struct mqtt_message *mqtt_next(struct mqtt *m, int timeout_ms);
void mqtt_message_free(struct mqtt_message *msg);

/* Looks at a stream from its next packet on. *used: the packet's length, 0 if not all of it is
 * there. The message if it is a PUBLISH, to be freed, else NULL. */
struct mqtt_message *mqtt_tap(enum mqtt_version version, const uint8_t *p, size_t len,
			      size_t *used);

/* Whether the broker closed the connection within the time. */
bool mqtt_is_closed(struct mqtt *m, int timeout_ms);

/* With DISCONNECT, or without. Frees everything; safe if not connected. */
void mqtt_disconnect(struct mqtt *m);
void mqtt_abort(struct mqtt *m);

#endif
