/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a program gets to a broker through libmosquitto: address, login, TLS, and the options for
 * them, which mean what they mean to mosquitto_pub.
 */
#ifndef EESE_HOST_LOGIN_H
#define EESE_HOST_LOGIN_H

#include <mosquitto.h>

#include "host/option.h"

enum { EESE_PASSWORD_MAX = 1024 };

/* Strings point into argv, the environment or the struct itself: it is not to be copied. */
struct eese_login {
	const char *host, *unix_path;
	const char *id, *username; /* options of the program's own, as their defaults differ */
	const char *password, *password_file;
	const char *cafile, *capath, *cert, *key, *tls_version;
	long port, keepalive;
	int protocol; /* MQTT_PROTOCOL_V... of mosquitto.h */
	bool tls, insecure;
	char password_room[EESE_PASSWORD_MAX + 2];
};

/* Their target is a struct eese_login; they are for every command. */
extern const struct eese_option eese_login_options[];

void eese_login_init(struct eese_login *login);

/* To be called when all options are read: fills in what follows from them, and gets the password
 * from its file, or from $EESE_PASSWORD if no option gives one. False: it was said what is wrong.
 */
bool eese_login_complete(struct eese_login *login);

/* Tells libmosquitto protocol version, login and TLS; username stands in where none was given and
 * may be NULL. A MOSQ_ERR_... */
int eese_login_apply(const struct eese_login *login, struct mosquitto *mosq, const char *username);

/* Connects; blocks until TCP and TLS are there. properties are for MQTT 5 and may be NULL; they
 * stay the caller's. A MOSQ_ERR_... */
int eese_login_connect(const struct eese_login *login, struct mosquitto *mosq,
		       const mosquitto_property *properties);

/* Writes "HOST port PORT" or the socket's path. */
void eese_login_place(const struct eese_login *login, char out[320]);

/* What a result of libmosquitto means; to be called before errno changes. */
const char *eese_login_error(int rc);

/* What the code in a CONNACK means, in the protocol version of the login. */
const char *eese_login_refusal(const struct eese_login *login, int code);

/* A log callback: errors are said, as the reasons of OpenSSL come no other way; the rest is for
 * debugging. */
void eese_login_log(struct mosquitto *mosq, void *ctx, int level, const char *text);

/* Wipes the password. */
void eese_login_wipe(struct eese_login *login);

#endif
