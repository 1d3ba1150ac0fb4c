/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/crypto.h"

#include <psa/crypto.h>
#include <pthread.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void crypto_begin(void)
{
	pthread_mutex_lock(&mutex);
}

void crypto_end(void)
{
	pthread_mutex_unlock(&mutex);
}

bool crypto_random(void *out, size_t len)
{
	psa_status_t status;

	crypto_begin();
	status = psa_generate_random(out, len);
	crypto_end();
	return status == PSA_SUCCESS;
}
