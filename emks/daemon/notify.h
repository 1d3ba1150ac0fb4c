/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's sd_notify(3), where the library is there. */
#ifndef EMKS_NOTIFY_H
#define EMKS_NOTIFY_H

void notify_state(const char *state);

#endif
