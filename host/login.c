/* SPDX-License-Identifier: Apache-2.0 */
#include "host/login.h"

#include <errno.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eese/keys.h"
#include "host/private_file.h"
#include "host/say.h"

enum { PORT = 1883, PORT_TLS = 8883 };

static bool set_protocol(void *target, const struct eese_option *option, const char *arg)
{
	static const struct {
		const char *name;
		int version;
	} names[] = {
	    {"mqttv5", MQTT_PROTOCOL_V5},     {"5", MQTT_PROTOCOL_V5},
	    {"mqttv311", MQTT_PROTOCOL_V311}, {"311", MQTT_PROTOCOL_V311},
	    {"mqttv31", MQTT_PROTOCOL_V31},   {"31", MQTT_PROTOCOL_V31},
	};
	struct eese_login *login = target;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(arg, names[i].name) == 0) {
			login->protocol = names[i].version;
			return true;
		}
	return eese_option_wrong(option, arg, "mqttv5, mqttv311 or mqttv31 is needed");
}

#define ROW(letter, name, kind, member, min, max, arg, help)                                       \
	{                                                                                          \
		letter, name, EESE_OPTION_##kind, EESE_OPTION_EVERYWHERE,                          \
		    offsetof(struct eese_login, member), min, max, arg, help, NULL                 \
	}

const struct eese_option eese_login_options[] = {
    ROW('h', "host", TEXT, host, 0, 0, "HOST", "broker [localhost]"),
    ROW('p', "port", NUMBER, port, 1, 65535, "PORT", "port [1883; 8883 with TLS]"),
    ROW(0, "unix", TEXT, unix_path, 0, 0, "PATH", "the broker's Unix socket instead"),
    ROW('P', "pw", TEXT, password, 0, 0, "PASSWORD",
	"MQTT password; other users of this host can see it"),
    ROW(0, "pw-file", TEXT, password_file, 0, 0, "FILE",
	"a file of its owner only that holds it [$EESE_PASSWORD]"),
    ROW('k', "keepalive", NUMBER, keepalive, 5, 65535, "SECONDS",
	"keepalive [60; eese-coap-gw: 10]"),
    {'V', "protocol-version", EESE_OPTION_CALL, EESE_OPTION_EVERYWHERE, 0, 0, 0, "VERSION",
     "mqttv5, mqttv311 or mqttv31 [mqttv5]", set_protocol},
    ROW(0, "cafile", TEXT, cafile, 0, 0, "FILE", "TLS: trusted CA certificates"),
    ROW(0, "capath", TEXT, capath, 0, 0, "DIR", "TLS: directory of those"),
    ROW(0, "cert", TEXT, cert, 0, 0, "FILE", "TLS: client certificate"),
    ROW(0, "key", TEXT, key, 0, 0, "FILE", "TLS: its private key"),
    ROW(0, "insecure", FLAG, insecure, 0, 0, NULL, "TLS: do not check the broker's name"),
    ROW(0, "tls-version", TEXT, tls_version, 0, 0, "VERSION", "TLS: tlsv1.3, tlsv1.2, ..."),
    {0},
};

void eese_login_init(struct eese_login *login)
{
	memset(login, 0, sizeof *login);
	login->host = "localhost";
	login->keepalive = 60;
	login->protocol = MQTT_PROTOCOL_V5;
}

static const char *complaint(const struct eese_login *l)
{
	if ((l->cert == NULL) != (l->key == NULL))
		return "--cert and --key go together";
	if (l->cert != NULL && l->cafile == NULL && l->capath == NULL)
		return "--cert needs --cafile or --capath";
	if (!l->tls && (l->insecure || l->tls_version != NULL))
		return "--insecure and --tls-version need --cafile, --capath or port 8883";
	if (l->unix_path != NULL && l->tls)
		return "--unix and TLS exclude each other";
	if (l->password != NULL && l->password_file != NULL)
		return "-P and --pw-file exclude each other";
	return NULL;
}

/* The file's first line is the password, and there must be no other. */
static bool read_password(struct eese_login *l)
{
	size_t len = 0;
	const char *wrong = eese_private_read(l->password_file, (uint8_t *)l->password_room,
					      sizeof l->password_room - 1, &len);

	while (len > 0 && strchr("\r\n", l->password_room[len - 1]) != NULL)
		l->password_room[--len] = '\0';
	if (wrong == NULL && (len == 0 || strlen(l->password_room) != len ||
			      strpbrk(l->password_room, "\r\n") != NULL))
		wrong = "must hold the password on one line and nothing else";
	if (wrong != NULL)
		say_error("password file %s: %s", l->password_file, wrong);
	l->password = l->password_room;
	return wrong == NULL;
}

bool eese_login_complete(struct eese_login *login)
{
	const char *wrong;

	login->tls = login->cafile != NULL || login->capath != NULL || login->port == PORT_TLS;
	if (login->port == 0)
		login->port = login->tls ? PORT_TLS : PORT;
	wrong = complaint(login);
	if (wrong != NULL) {
		say_error("%s", wrong);
		return false;
	}
	if (login->password_file != NULL)
		return read_password(login);
	if (login->password == NULL)
		login->password = getenv("EESE_PASSWORD");
	return true;
}

static int apply_tls(const struct eese_login *l, struct mosquitto *mosq)
{
	int rc;

	if (l->cafile != NULL || l->capath != NULL)
		rc = mosquitto_tls_set(mosq, l->cafile, l->capath, l->cert, l->key, NULL);
	else
		rc = mosquitto_int_option(mosq, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_tls_opts_set(mosq, 1, l->tls_version, NULL);
	if (rc == MOSQ_ERR_SUCCESS && l->insecure)
		rc = mosquitto_tls_insecure_set(mosq, true);
	return rc;
}

int eese_login_apply(const struct eese_login *login, struct mosquitto *mosq, const char *username)
{
	int rc;

	if (login->username != NULL)
		username = login->username;
	rc = mosquitto_int_option(mosq, MOSQ_OPT_PROTOCOL_VERSION, login->protocol);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_int_option(mosq, MOSQ_OPT_TCP_NODELAY, 1);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_username_pw_set(mosq, username, username ? login->password : NULL);
	return rc == MOSQ_ERR_SUCCESS && login->tls ? apply_tls(login, mosq) : rc;
}

int eese_login_connect(const struct eese_login *login, struct mosquitto *mosq,
		       const mosquitto_property *properties)
{
	const bool is_unix = login->unix_path != NULL;

	return mosquitto_connect_bind_v5(mosq, is_unix ? login->unix_path : login->host,
					 is_unix ? 0 : (int)login->port, (int)login->keepalive,
					 NULL, properties);
}

void eese_login_place(const struct eese_login *login, char out[320])
{
	if (login->unix_path != NULL)
		snprintf(out, 320, "%s", login->unix_path);
	else
		snprintf(out, 320, "%.255s port %ld", login->host, login->port);
}

const char *eese_login_error(int rc)
{
	return rc == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(rc);
}

const char *eese_login_refusal(const struct eese_login *login, int code)
{
	return login->protocol == MQTT_PROTOCOL_V5 ? mosquitto_reason_string(code)
						   : mosquitto_connack_string(code);
}

void eese_login_log(struct mosquitto *mosq, void *ctx, int level, const char *text)
{
	(void)mosq;
	(void)ctx;
	if (level == MOSQ_LOG_ERR)
		say_error("%s", text);
	else
		say_debug("%s", text);
}

void eese_login_wipe(struct eese_login *login)
{
	eese_wipe(login->password_room, sizeof login->password_room);
}
