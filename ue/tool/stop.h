/* SPDX-License-Identifier: Apache-2.0 */
/* SIGINT and SIGTERM, as something that poll() can wait for. */
#ifndef EESE_TOOL_STOP_H
#define EESE_TOOL_STOP_H

#include <stdbool.h>

/* Catches them from now on. false: why is in errno. */
bool stop_catch(void);

/* Whether one came. */
bool stop_asked(void);

/* Readable when one came. */
int stop_descriptor(void);

#endif
