/* SPDX-License-Identifier: Apache-2.0 */
#include "dtls.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eese/keys.h"
#include "host/private_file.h"
#include "host/say.h"
#include "host/whole.h"
#include "psk.h"

enum { PEM_MAX = 1 << 20, CHAIN_MAX = 3 };

/* A PEM file, with a NUL behind it. */
struct pem {
	uint8_t *octets;
	size_t len; /* with the NUL */
};

struct dtls {
	struct clients *clients;
	struct psks *psks;
	struct pem cert, key, ca;
};

static const char *read_public(const char *path, uint8_t *out, size_t *len)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *wrong = fd < 0 ? strerror(errno) : eese_read_whole(fd, out, PEM_MAX, len);

	if (fd >= 0)
		close(fd);
	return wrong;
}

static bool read_pem(struct pem *p, const char *path, bool secret)
{
	const char *wrong = "out of memory";
	size_t len = 0;

	p->octets = calloc(1, PEM_MAX + 1);
	if (p->octets != NULL)
		wrong = secret ? eese_private_read(path, p->octets, PEM_MAX, &len)
			       : read_public(path, p->octets, &len);
	if (wrong == NULL && memmem(p->octets, len, "-----BEGIN ", 11) == NULL)
		wrong = "is no PEM file";
	if (wrong != NULL)
		say_error("%s: %s", path, wrong);
	p->len = len + 1;
	return wrong == NULL;
}

static void free_pem(struct pem *p)
{
	if (p->octets != NULL)
		eese_wipe(p->octets, p->len);
	free(p->octets);
}

/* ---- pre-shared keys ---- */

static const coap_bin_const_t *on_identity(coap_bin_const_t *identity, coap_session_t *session,
					   void *ctx)
{
	const struct dtls *d = ctx;
	struct client *client = client_of(d->clients, session);

	if (client == NULL)
		return NULL;
	client_named(client, identity->s, identity->length);
	return psks_find(d->psks, identity->s, identity->length);
}

static bool set_psks(coap_context_t *coap, struct dtls *d, const char *path)
{
	coap_dtls_spsk_t setup = {
	    .version = COAP_DTLS_SPSK_SETUP_VERSION,
	    .validate_id_call_back = on_identity,
	    .id_call_back_arg = d,
	};

	d->psks = psks_read(path);
	if (d->psks == NULL)
		return false;
	if (coap_context_set_psk2(coap, &setup) != 0)
		return true;
	say_error("libcoap takes no pre-shared keys");
	return false;
}

/* ---- certificates ---- */

/* Of the client's certificate (depth 0) and of those that vouch for it. */
static int on_certificate(const char *name, const uint8_t *der, size_t len, coap_session_t *session,
			  unsigned depth, int valid, void *ctx)
{
	const struct dtls *d = ctx;
	struct client *client = depth == 0 ? client_of(d->clients, session) : NULL;

	(void)der;
	(void)len;
	if (client != NULL)
		client_named(client, name, name != NULL ? strlen(name) : 0);
	return valid != 0 && (depth > 0 || client != NULL);
}

/* With a CA a client has to show a certificate of it. */
static coap_dtls_pki_t pki_setup(struct dtls *d)
{
	const bool ask = d->ca.octets != NULL;

	return (coap_dtls_pki_t){
	    .version = COAP_DTLS_PKI_SETUP_VERSION,
	    .verify_peer_cert = ask,
	    .check_common_ca = ask,
	    .cert_chain_validation = 1,
	    .cert_chain_verify_depth = CHAIN_MAX,
	    .validate_cn_call_back = ask ? on_certificate : NULL,
	    .cn_call_back_arg = d,
	    .pki_key =
		{
		    .key_type = COAP_PKI_KEY_PEM_BUF,
		    .key.pem_buf =
			{
			    .ca_cert = d->ca.octets,
			    .ca_cert_len = ask ? d->ca.len : 0,
			    .public_cert = d->cert.octets,
			    .public_cert_len = d->cert.len,
			    .private_key = d->key.octets,
			    .private_key_len = d->key.len,
			},
		},
	};
}

static gnutls_datum_t datum(const struct pem *p)
{
	return (gnutls_datum_t){p->octets, p->octets != NULL ? (unsigned)(p->len - 1) : 0};
}

/* libcoap looks at them when the first client comes, which is too late to say what is wrong. */
static const char *pki_wrong(const struct dtls *d)
{
	const gnutls_datum_t cert = datum(&d->cert), key = datum(&d->key), ca = datum(&d->ca);
	gnutls_certificate_credentials_t c;
	int rc = gnutls_certificate_allocate_credentials(&c);

	if (rc < 0)
		return gnutls_strerror(rc);
	rc = gnutls_certificate_set_x509_key_mem(c, &cert, &key, GNUTLS_X509_FMT_PEM);
	if (rc >= 0 && ca.size > 0)
		rc = gnutls_certificate_set_x509_trust_mem(c, &ca, GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(c);
	return rc < 0 ? gnutls_strerror(rc) : NULL;
}

static bool set_certificate(coap_context_t *coap, struct dtls *d, const struct options *o)
{
	coap_dtls_pki_t setup;
	const char *wrong;

	if (!read_pem(&d->cert, o->dtls_cert, false) || !read_pem(&d->key, o->dtls_key, true) ||
	    (o->dtls_ca != NULL && !read_pem(&d->ca, o->dtls_ca, false)))
		return false;
	wrong = pki_wrong(d);
	setup = pki_setup(d);
	if (wrong == NULL && coap_context_set_pki(coap, &setup) != 0)
		return true;
	say_error("%s with its key and CA: %s", o->dtls_cert,
		  wrong != NULL ? wrong : "libcoap can't use it");
	return false;
}

struct dtls *dtls_open(coap_context_t *coap, const struct options *o, struct clients *clients)
{
	struct dtls *d = calloc(1, sizeof(*d));

	if (d == NULL) {
		say_error("out of memory");
		return NULL;
	}
	d->clients = clients;
	if ((o->dtls_psk == NULL || set_psks(coap, d, o->dtls_psk)) &&
	    (o->dtls_cert == NULL || set_certificate(coap, d, o)))
		return d;
	dtls_close(d);
	return NULL;
}

/* GnuTLS's defaults, with which libcoap works, take DTLS 1.0 too (RFC 8996, RFC 7252 9). */
bool dtls_is_current(const coap_session_t *session)
{
	return gnutls_protocol_get_version(coap_session_get_tls(session, NULL)) >= GNUTLS_DTLS1_2;
}

void dtls_close(struct dtls *d)
{
	if (d == NULL)
		return;
	psks_free(d->psks);
	free_pem(&d->cert);
	free_pem(&d->key);
	free_pem(&d->ca);
	free(d);
}
