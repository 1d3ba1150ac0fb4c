/* SPDX-License-Identifier: Apache-2.0 */
/* Objects as large as what a device holds: their sizes stand in the symbol table. */
#include "eese/flash.h"
#include "eese/ue.h"

char size_of_context[sizeof(struct eese_ue)];
char size_of_message_overhead[EESE_UE_HELD_OVERHEAD];
char size_of_record[EESE_UE_RECORD_SIZE];
char size_of_flash[sizeof(struct eese_flash)];
