/* SPDX-License-Identifier: Apache-2.0 */
#include "pki.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DAY_S = 86400 };

struct issuer {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
};

/* What a certificate is to say. */
struct wish {
	const char *file, *name;
	const char *host; /* NULL: no server */
	bool ca, client;
	int from_days, to_days;
};

const char *pki_path(const struct pki *p, const char *name)
{
	static char buffers[4][64 + 256];
	static unsigned next;
	char *out = buffers[next++ % 4];

	snprintf(out, sizeof buffers[0], "%s/%s", p->dir, name);
	return out;
}

static bool write_file(const struct pki *p, const char *name, const gnutls_datum_t *pem)
{
	int fd = open(pki_path(p, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, pem->data, pem->size) == (ssize_t)pem->size;

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool make_key(const struct pki *p, const char *file, gnutls_x509_privkey_t *key)
{
	gnutls_datum_t pem;
	bool ok;

	if (gnutls_x509_privkey_init(key) < 0 ||
	    gnutls_x509_privkey_generate(*key, GNUTLS_PK_ECDSA,
					 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) < 0 ||
	    gnutls_x509_privkey_export2_pkcs8(*key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
					      &pem) < 0)
		return false;
	ok = file == NULL || write_file(p, file, &pem);
	gnutls_free(pem.data);
	return ok;
}

static bool name_host(gnutls_x509_crt_t crt, const char *host)
{
	struct in_addr ip;

	if (inet_pton(AF_INET, host, &ip) != 1)
		return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, host,
							    (unsigned)strlen(host),
							    GNUTLS_FSAN_SET) >= 0;
	return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, &ip, sizeof ip,
						    GNUTLS_FSAN_SET) >= 0 &&
	       gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, "localhost", 9,
						    GNUTLS_FSAN_APPEND) >= 0;
}

static bool fill(gnutls_x509_crt_t crt, const struct wish *w)
{
	static unsigned char serial = 1;
	unsigned usage = w->ca ? GNUTLS_KEY_KEY_CERT_SIGN : GNUTLS_KEY_DIGITAL_SIGNATURE;
	const char *purpose = w->client ? GNUTLS_KP_TLS_WWW_CLIENT : GNUTLS_KP_TLS_WWW_SERVER;
	time_t now = time(NULL);

	serial++;
	return gnutls_x509_crt_set_version(crt, 3) >= 0 &&
	       gnutls_x509_crt_set_serial(crt, &serial, 1) >= 0 &&
	       gnutls_x509_crt_set_activation_time(crt, now + w->from_days * DAY_S) >= 0 &&
	       gnutls_x509_crt_set_expiration_time(crt, now + w->to_days * DAY_S) >= 0 &&
	       gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, w->name,
					     (unsigned)strlen(w->name)) >= 0 &&
	       gnutls_x509_crt_set_basic_constraints(crt, w->ca, w->ca ? 0 : -1) >= 0 &&
	       gnutls_x509_crt_set_key_usage(crt, usage) >= 0 &&
	       (w->ca || gnutls_x509_crt_set_key_purpose_oid(crt, purpose, 0) >= 0) &&
	       (w->host == NULL || name_host(crt, w->host));
}

/* by NULL: signs itself. */
static bool make_crt(const struct pki *p, const struct wish *w, gnutls_x509_privkey_t key,
		     const struct issuer *by, gnutls_x509_crt_t *out)
{
	gnutls_x509_crt_t crt;
	gnutls_datum_t pem;
	bool ok;

	if (gnutls_x509_crt_init(&crt) < 0 || gnutls_x509_crt_set_key(crt, key) < 0 ||
	    !fill(crt, w) ||
	    gnutls_x509_crt_sign2(crt, by != NULL ? by->crt : crt, by != NULL ? by->key : key,
				  GNUTLS_DIG_SHA256, 0) < 0 ||
	    gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem) < 0)
		return false;
	ok = write_file(p, w->file, &pem);
	gnutls_free(pem.data);
	if (out != NULL)
		*out = crt;
	else
		gnutls_x509_crt_deinit(crt);
	return ok;
}

static bool make_ca(const struct pki *p, const char *file, const char *name, struct issuer *out)
{
	const struct wish w = {
	    .file = file, .name = name, .ca = true, .from_days = -2, .to_days = 2};

	return make_key(p, NULL, &out->key) && make_crt(p, &w, out->key, NULL, &out->crt);
}

static bool make_all(const struct pki *p, const struct issuer *ca, const struct issuer *other)
{
	const struct wish servers[] = {
	    {"server.pem", "EMKS", "127.0.0.1", false, false, -1, 1},
	    {"wrong-name.pem", "somebody", "elsewhere.example", false, false, -1, 1},
	    {"expired.pem", "EMKS", "127.0.0.1", false, false, -2, -1},
	};
	const struct wish stranger = {"stranger.pem", "EMKS", "127.0.0.1", false, false, -1, 1};
	const struct wish client = {"client.pem", "EESE", NULL, false, true, -1, 1};
	const struct wish intruder = {"intruder.pem", "EESE", NULL, false, true, -1, 1};
	gnutls_x509_privkey_t server_key = NULL, client_key = NULL;
	bool ok = make_key(p, "server-key.pem", &server_key) &&
		  make_key(p, "client-key.pem", &client_key);

	for (size_t i = 0; ok && i < sizeof servers / sizeof *servers; i++)
		ok = make_crt(p, &servers[i], server_key, ca, NULL);
	ok = ok && make_crt(p, &stranger, server_key, other, NULL) &&
	     make_crt(p, &client, client_key, ca, NULL) &&
	     make_crt(p, &intruder, client_key, other, NULL);
	gnutls_x509_privkey_deinit(server_key);
	gnutls_x509_privkey_deinit(client_key);
	return ok;
}

static void drop_issuer(struct issuer *i)
{
	if (i->crt != NULL)
		gnutls_x509_crt_deinit(i->crt);
	if (i->key != NULL)
		gnutls_x509_privkey_deinit(i->key);
}

bool pki_make(struct pki *p)
{
	struct issuer ca = {0}, other = {0};
	bool ok;

	snprintf(p->dir, sizeof p->dir, "/tmp/eese-pki-XXXXXX");
	ok = mkdtemp(p->dir) != NULL && make_ca(p, "ca.pem", "Operator CA", &ca) &&
	     make_ca(p, "other-ca.pem", "Another CA", &other) && make_all(p, &ca, &other);
	drop_issuer(&ca);
	drop_issuer(&other);
	return ok;
}

void pki_drop(struct pki *p)
{
	const struct dirent *entry;
	DIR *dir = opendir(p->dir);

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			unlink(pki_path(p, entry->d_name));
	if (dir != NULL)
		closedir(dir);
	rmdir(p->dir);
}
