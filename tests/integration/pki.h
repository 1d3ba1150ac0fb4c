/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates for tests, made when the test runs: PEM files in a directory of their own. */
#ifndef EESE_TESTS_PKI_H
#define EESE_TESTS_PKI_H

#include <stdbool.h>

/*
 * ca.pem            vouches for all below that do not say otherwise
 * other-ca.pem      vouches for stranger.pem and intruder.pem
 * server.pem        for 127.0.0.1 and localhost; server-key.pem is the key of all servers
 * wrong-name.pem    for another host
 * expired.pem       for yesterday
 * stranger.pem      for 127.0.0.1, by the other CA
 * client.pem        an EESE, client-key.pem is the key of all clients
 * intruder.pem      a client, by the other CA
 */
struct pki {
	char dir[64];
};

bool pki_make(struct pki *p);
/* Removes the files. */
void pki_drop(struct pki *p);
/* A file's path, in one of 4 buffers. */
const char *pki_path(const struct pki *p, const char *name);

#endif
