/* SPDX-License-Identifier: Apache-2.0 */
#include "coap_dtls.h"

#include <coap3/coap.h>
#include <gnutls/x509.h>
#include <string.h>

#include "eese/keys.h"
#include "host/hex.h"
#include "named_lines.h"

enum { KEY_MIN = 16, CHAIN_MAX = 3 };

static const char *take_psk(void *ctx, const char *identity, const char *key)
{
	struct coap_dtls *d = ctx;
	const size_t digits = strlen(key);

	if (d->key_len > 0)
		return "one line only is needed";
	if (strlen(identity) > COAP_DTLS_IDENTITY_MAX)
		return "the identity is longer than 64 characters";
	if (digits < (size_t)2 * KEY_MIN || digits > (size_t)2 * COAP_DTLS_KEY_MAX ||
	    !eese_hex_read(key, digits, d->key, digits / 2))
		return "the key is not 16 to 64 octets in hexadecimal digits";
	memcpy(d->identity, identity, strlen(identity) + 1);
	d->key_len = digits / 2;
	return NULL;
}

bool coap_dtls_read(struct coap_dtls *d, const struct options *o, const char *host)
{
	memset(d, 0, sizeof(*d));
	d->ca = o->login.cafile;
	d->cert = o->login.cert;
	d->cert_key = o->login.key;
	d->host = o->login.insecure ? NULL : host;
	return !o->coap_psk || named_lines_read("PSK file", o->coap_psk, take_psk, d);
}

void coap_dtls_wipe(struct coap_dtls *d)
{
	eese_wipe(d, sizeof(*d));
}

/* libcoap has looked at who vouches for it, not at whom it is for. */
static int on_certificate(const char *name, const uint8_t *der, size_t len, coap_session_t *session,
			  unsigned depth, int valid, void *ctx)
{
	const struct coap_dtls *d = ctx;
	const gnutls_datum_t octets = {(unsigned char *)der, (unsigned)len};
	gnutls_x509_crt_t certificate;
	bool ok;

	(void)name;
	(void)session;
	if (!valid || depth > 0 || !d->host)
		return valid;
	if (gnutls_x509_crt_init(&certificate) < 0)
		return 0;
	ok = gnutls_x509_crt_import(certificate, &octets, GNUTLS_X509_FMT_DER) >= 0 &&
	     gnutls_x509_crt_check_hostname(certificate, d->host) != 0;
	gnutls_x509_crt_deinit(certificate);
	return ok;
}

static coap_session_t *by_certificates(struct coap_dtls *d, coap_context_t *context,
				       const coap_address_t *to)
{
	coap_dtls_pki_t setup = {
	    .version = COAP_DTLS_PKI_SETUP_VERSION,
	    .verify_peer_cert = 1,
	    .check_common_ca = 1,
	    .cert_chain_validation = 1,
	    .cert_chain_verify_depth = CHAIN_MAX,
	    .validate_cn_call_back = on_certificate,
	    .cn_call_back_arg = d,
	    .pki_key =
		{
		    .key_type = COAP_PKI_KEY_PEM,
		    .key.pem = {.ca_file = d->ca,
				.public_cert = d->cert,
				.private_key = d->cert_key},
		},
	};

	return coap_new_client_session_pki(context, NULL, to, COAP_PROTO_DTLS, &setup);
}

static coap_session_t *by_psk(struct coap_dtls *d, coap_context_t *context,
			      const coap_address_t *to)
{
	coap_dtls_cpsk_t setup = {
	    .version = COAP_DTLS_CPSK_SETUP_VERSION,
	    .psk_info =
		{
		    .identity = {strlen(d->identity), (const uint8_t *)d->identity},
		    .key = {d->key_len, d->key},
		},
	};

	return coap_new_client_session_psk2(context, NULL, to, COAP_PROTO_DTLS, &setup);
}

struct coap_session_t *coap_dtls_session(struct coap_dtls *d, struct coap_context_t *context,
					 const struct coap_address_t *to)
{
	return d->key_len > 0 ? by_psk(d, context, to) : by_certificates(d, context, to);
}
