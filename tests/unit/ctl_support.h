/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EESE_TESTS_CTL_SUPPORT_H
#define EESE_TESTS_CTL_SUPPORT_H

/* Whatever is printed on standard output goes into memory from here on .. */
void capture(void);

/* .. until it is given back, to be freed. */
char *captured(void);

#endif
