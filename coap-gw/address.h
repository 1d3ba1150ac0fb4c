/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as people write them. */
#ifndef EESE_COAP_GW_ADDRESS_H
#define EESE_COAP_GW_ADDRESS_H

#include <coap3/coap.h>

/* Reads ADDRESS, ADDRESS:PORT, [ADDRESS] or [ADDRESS]:PORT; the address is numeric. NULL, or what
 * is wrong, a static text. */
const char *address_read(const char *text, uint16_t default_port, coap_address_t *out);

#endif
