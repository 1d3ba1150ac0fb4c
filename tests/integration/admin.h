/* SPDX-License-Identifier: Apache-2.0 */
/* An administrator on $CONTROL/eese/v1. */
#ifndef EESE_TESTS_ADMIN_H
#define EESE_TESTS_ADMIN_H

#include <cjson/cJSON.h>

#include "harness.h"

/* Connects TEST_ADMIN_USER with this client id. */
bool admin_open(struct mqtt *m, const struct broker *b, const char *client_id,
		enum mqtt_version version);

/* Sends octets as this client; the answer's text, to be freed, NULL if there is none. */
char *admin_send(struct mqtt *m, const void *octets, size_t len, uint8_t qos);
char *admin_ask(struct mqtt *m, const char *json, uint8_t qos);

/* Sends one command, {..} in printf's way, at QoS 1. Its response, to be deleted; NULL if the
 * answer is not one response. */
cJSON *admin_command(struct mqtt *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same; expects no error. The response's data, to be deleted; NULL if it has none. */
cJSON *admin_done(struct mqtt *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether the response has this error and no data; deletes it. error NULL: it has none. */
bool admin_error_is(cJSON *response, const char *error);

/* Members of an object: -1, "" if it is not there. */
double json_number(const cJSON *o, const char *name);
const char *json_text(const cJSON *o, const char *name);

#endif
