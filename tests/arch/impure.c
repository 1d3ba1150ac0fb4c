/* SPDX-License-Identifier: Apache-2.0 */
/* Calls what a pure library must not: shows that pure.sh notices. */
#include <stdlib.h>

void *eese_impure(void);

void *eese_impure(void)
{
	return malloc(1);
}
