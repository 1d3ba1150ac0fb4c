/* SPDX-License-Identifier: Apache-2.0 */
#include "emks/daemon/tls.h"

#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "eese/keys.h"
#include "host/private_file.h"

enum { PEM_SIZE = 1 << 16, NAMES_MAX = 64, CHAIN_MAX = 16 };

struct tls {
	atomic_int users;
	gnutls_certificate_credentials_t credentials;
	char cert[PEM_SIZE], key[PEM_SIZE];
	size_t eeses;
	struct config_eese eese[];
};

const char tls_priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:"
			      "+ECDHE-RSA:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:"
			      "+AES-128-CCM:%SERVER_PRECEDENCE";

const char *tls_cert_pem(const struct tls *t)
{
	return t->cert;
}

const char *tls_key_pem(const struct tls *t)
{
	return t->key;
}

struct tls *tls_use(struct tls *t)
{
	atomic_fetch_add(&t->users, 1);
	return t;
}

void tls_leave(struct tls *t)
{
	if (t == NULL || atomic_fetch_sub(&t->users, 1) != 1)
		return;
	if (t->credentials != NULL)
		gnutls_certificate_free_credentials(t->credentials);
	eese_wipe(t, sizeof *t);
	free(t);
}

static bool read_key(struct tls *t, const char *path, char *wrong)
{
	size_t len;
	const char *why = eese_private_read(path, (uint8_t *)t->key, sizeof t->key - 1, &len);

	if (why != NULL)
		snprintf(wrong, TLS_WRONG_SIZE, "key %s: %s", path, why);
	return why == NULL;
}

static bool read_cert(struct tls *t, const char *path, char *wrong)
{
	FILE *f = fopen(path, "re");
	size_t len = f != NULL ? fread(t->cert, 1, sizeof t->cert - 1, f) : 0;
	const bool ok = len > 0 && ferror(f) == 0 && feof(f) != 0;

	if (f != NULL)
		fclose(f);
	if (!ok)
		snprintf(wrong, TLS_WRONG_SIZE, "cert %s: can't be read", path);
	return ok;
}

static bool use_pair(struct tls *t, const struct config *c, char *wrong)
{
	const gnutls_datum_t cert = {(unsigned char *)t->cert, (unsigned)strlen(t->cert)};
	const gnutls_datum_t key = {(unsigned char *)t->key, (unsigned)strlen(t->key)};
	int r =
	    gnutls_certificate_set_x509_key_mem(t->credentials, &cert, &key, GNUTLS_X509_FMT_PEM);

	if (r < 0)
		snprintf(wrong, TLS_WRONG_SIZE, "cert %s with key %s: %s", c->cert, c->key,
			 gnutls_strerror(r));
	return r >= 0;
}

static bool use_trust(struct tls *t, const struct config *c, char *wrong)
{
	int r = gnutls_certificate_set_x509_trust_file(t->credentials, c->ca, GNUTLS_X509_FMT_PEM);

	if (r <= 0) {
		snprintf(wrong, TLS_WRONG_SIZE, "ca %s: %s", c->ca,
			 r < 0 ? gnutls_strerror(r) : "has no certificate in it");
		return false;
	}
	if (c->crl[0] == '\0')
		return true;
	r = gnutls_certificate_set_x509_crl_file(t->credentials, c->crl, GNUTLS_X509_FMT_PEM);
	if (r <= 0)
		snprintf(wrong, TLS_WRONG_SIZE, "crl %s: %s", c->crl,
			 r < 0 ? gnutls_strerror(r) : "has no CRL in it");
	return r > 0;
}

struct tls *tls_read(const struct config *c, char wrong[TLS_WRONG_SIZE])
{
	struct tls *t = calloc(1, sizeof *t + c->eeses * sizeof t->eese[0]);

	if (t == NULL || gnutls_certificate_allocate_credentials(&t->credentials) < 0) {
		snprintf(wrong, TLS_WRONG_SIZE, "out of memory");
		free(t);
		return NULL;
	}
	atomic_init(&t->users, 1);
	t->eeses = c->eeses;
	memcpy(t->eese, c->eese, c->eeses * sizeof t->eese[0]);
	if (read_cert(t, c->cert, wrong) && read_key(t, c->key, wrong) && use_pair(t, c, wrong) &&
	    use_trust(t, c, wrong))
		return t;
	tls_leave(t);
	return NULL;
}

static gnutls_typed_vdata_st purpose = {
    .type = GNUTLS_DT_KEY_PURPOSE_OID,
    .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT,
};

bool tls_set_up(struct tls *t, gnutls_session_t session)
{
	if (gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, t->credentials) < 0)
		return false;
	gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
	gnutls_session_set_verify_cert2(session, &purpose, 1, 0);
	return true;
}

static const struct config_eese *by_identity(const struct tls *t, const char *kind,
					     const char *value, size_t len)
{
	const size_t head = strlen(kind);

	for (size_t i = 0; i < t->eeses; i++) {
		const char *identity = t->eese[i].identity;

		if (strncmp(identity, kind, head) == 0 && strlen(identity + head) == len &&
		    memcmp(identity + head, value, len) == 0)
			return &t->eese[i];
	}
	return NULL;
}

static const struct config_eese *by_alternative_name(const struct tls *t, gnutls_x509_crt_t crt)
{
	char value[CONFIG_IDENTITY_SIZE];
	const struct config_eese *found = NULL;
	size_t len;
	int kind;

	for (unsigned i = 0; found == NULL && i < NAMES_MAX; i++) {
		len = sizeof value;
		kind = gnutls_x509_crt_get_subject_alt_name(crt, i, value, &len, NULL);
		if (kind == GNUTLS_SAN_DNSNAME)
			found = by_identity(t, "dns:", value, len);
		else if (kind == GNUTLS_SAN_URI)
			found = by_identity(t, "uri:", value, len);
	}
	return found;
}

static const struct config_eese *by_common_name(const struct tls *t, gnutls_x509_crt_t crt)
{
	char value[CONFIG_IDENTITY_SIZE];
	size_t len = sizeof value;

	if (gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, value, &len) < 0)
		return NULL;
	return by_identity(t, "cn:", value, len);
}

static bool name_of(const struct tls *t, gnutls_x509_crt_t crt, char *name)
{
	const struct config_eese *found = NULL;

	if (gnutls_x509_crt_get_expiration_time(crt) >= time(NULL))
		found = by_alternative_name(t, crt);
	if (found == NULL && gnutls_x509_crt_get_expiration_time(crt) >= time(NULL))
		found = by_common_name(t, crt);
	if (found != NULL)
		memcpy(name, found->name, sizeof found->name);
	return found != NULL;
}

struct chain {
	gnutls_x509_crt_t at[CHAIN_MAX];
	unsigned count;
};

static void chain_free(struct chain *c)
{
	while (c->count > 0)
		gnutls_x509_crt_deinit(c->at[--c->count]);
}

/* The certificates that the peer showed, its own first. */
static bool chain_read(struct chain *c, gnutls_session_t session)
{
	unsigned count = 0;
	const gnutls_datum_t *shown = gnutls_certificate_get_peers(session, &count);
	bool ok = shown != NULL && count > 0 && count <= CHAIN_MAX;

	c->count = 0;
	while (ok && c->count < count && gnutls_x509_crt_init(&c->at[c->count]) >= 0) {
		const gnutls_datum_t *one = &shown[c->count];

		ok = gnutls_x509_crt_import(c->at[c->count++], one, GNUTLS_X509_FMT_DER) >= 0;
	}
	if (ok && c->count == count)
		return true;
	chain_free(c);
	return false;
}

static bool verified(const struct tls *t, struct chain *c)
{
	gnutls_x509_trust_list_t trusted;
	unsigned status = 0;

	gnutls_certificate_get_trust_list(t->credentials, &trusted);
	return gnutls_x509_trust_list_verify_crt2(trusted, c->at, c->count, &purpose, 1, 0, &status,
						  NULL) >= 0 &&
	       status == 0;
}

bool tls_peer(const struct tls *t, gnutls_session_t session, bool by_t, char name[TLS_NAME_SIZE])
{
	struct chain chain;
	bool found;

	name[0] = '\0';
	/* Without a handshake that verified it there is no peer. */
	if (gnutls_session_get_verify_cert_status(session) != 0 || !chain_read(&chain, session))
		return false;
	found = (by_t || verified(t, &chain)) && name_of(t, chain.at[0], name);
	chain_free(&chain);
	return found;
}
