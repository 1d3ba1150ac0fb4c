/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/daemon/notify.h"

#ifdef EESE_HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

void notify_state(const char *state)
{
	(void)sd_notify(0, state);
}
#else
void notify_state(const char *state)
{
	(void)state;
}
#endif
