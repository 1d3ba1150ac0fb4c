/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EESE_CORE_UE_ID_H
#define EESE_CORE_UE_ID_H

#include <stddef.h>

/* Characters of a UE-ID that ends with NUL; 0 if it is none (clause 2). */
size_t eese_ue_id_length(const char *id);

#endif
