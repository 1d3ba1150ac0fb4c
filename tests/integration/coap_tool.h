/* SPDX-License-Identifier: Apache-2.0 */
/* eese-ue over CoAP, as tests run it, and what its application sends and sees. */
#ifndef EESE_TESTS_COAP_TOOL_H
#define EESE_TESTS_COAP_TOOL_H

#include "harness.h"
#include "program.h"

enum { TOOL_PATIENCE_MS = 60000 };

/* eese-ue COMMAND --coap .. to this port, with the broker's keys, its state in the broker's
 * directory, and these options, which NULL ends. */
void coap_tool_start(struct program *t, const struct broker *b, const char *command, const char *ue,
		     uint16_t port, const char *const *more);

/* Ends its input and waits; its exit code. What it complained of is shown unless that is 0. */
int coap_tool_ends(struct program *t, int timeout_ms);

/* The application sends text on down/sub. */
void coap_tool_send_down(struct mqtt *sender, const char *ue, const char *sub, const char *text);

/* How often this line stands in the file; NULL: how many there are that are not empty. */
size_t coap_tool_lines(const char *path, const char *line);

#endif
