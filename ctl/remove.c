/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/change.h"
#include "ctl/commands.h"

int remove_run(const struct options *o)
{
	const struct change c = {
	    .command = "removeUe",
	    .done = "removed",
	    .ask = "Remove the UEs, and wipe their secrets?",
	};

	return change_run(o, &c, 0);
}
