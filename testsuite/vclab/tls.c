/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tls - see tls.h. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "common/base/clock.h"
#include "lab.h"
#include "tls.h"

#define DAY_S 86400

struct pair {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
};

static int _begin(struct pair *pair, const char *name, unsigned char serial)
{
	time_t now = (time_t) (clock_wall_us() / CLOCK_US_PER_S);
	unsigned bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
	unsigned char id[20];
	size_t len = sizeof(id);
	int rc = 0;

	rc |= gnutls_x509_privkey_init(&pair->key);
	rc |= gnutls_x509_privkey_generate(pair->key, GNUTLS_PK_ECDSA, bits,
					   0);
	rc |= gnutls_x509_crt_init(&pair->crt);
	rc |= gnutls_x509_crt_set_version(pair->crt, 3);
	rc |= gnutls_x509_crt_set_serial(pair->crt, &serial, 1);
	rc |= gnutls_x509_crt_set_activation_time(pair->crt, now - DAY_S);
	rc |= gnutls_x509_crt_set_expiration_time(pair->crt,
						  now + 30 * DAY_S);
	rc |= gnutls_x509_crt_set_dn_by_oid(pair->crt,
					    GNUTLS_OID_X520_COMMON_NAME, 0,
					    name, (unsigned) strlen(name));
	rc |= gnutls_x509_crt_set_key(pair->crt, pair->key);
	rc |= gnutls_x509_crt_get_key_id(pair->crt, 0, id, &len);
	rc |= gnutls_x509_crt_set_subject_key_id(pair->crt, id, len);
	return rc;
}

static void _end(struct pair *pair)
{
	gnutls_x509_crt_deinit(pair->crt);
	gnutls_x509_privkey_deinit(pair->key);
}

static int _sign(struct pair *pair, struct pair *by)
{
	return gnutls_x509_crt_sign2(pair->crt, by->crt, by->key,
				     GNUTLS_DIG_SHA256, 0);
}

static int _authority(struct pair *ca)
{
	return _begin(ca, "vclab test authority", 1) |
	       gnutls_x509_crt_set_basic_constraints(ca->crt, 1, 0) |
	       gnutls_x509_crt_set_key_usage(ca->crt,
					     GNUTLS_KEY_KEY_CERT_SIGN |
					     GNUTLS_KEY_CRL_SIGN) |
	       _sign(ca, ca);
}

static int _add_ip(gnutls_x509_crt_t crt, const char *address)
{
	struct in_addr ip;

	if (inet_pton(AF_INET, address, &ip) != 1)
		return -1;
	return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS,
						    &ip, sizeof(ip),
						    GNUTLS_FSAN_APPEND);
}

static int _server(struct pair *pair, struct pair *ca, const char *address)
{
	unsigned char id[20];
	size_t len = sizeof(id);
	int rc = _begin(pair, "localhost", 2);

	rc |= gnutls_x509_crt_set_basic_constraints(pair->crt, 0, -1);
	rc |= gnutls_x509_crt_set_key_usage(pair->crt,
					    GNUTLS_KEY_DIGITAL_SIGNATURE);
	rc |= gnutls_x509_crt_set_key_purpose_oid(
		pair->crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	rc |= gnutls_x509_crt_set_subject_alt_name(
		pair->crt, GNUTLS_SAN_DNSNAME, "localhost", 9,
		GNUTLS_FSAN_SET);
	rc |= _add_ip(pair->crt, "127.0.0.1");
	if (strcmp(address, "127.0.0.1") != 0)
		rc |= _add_ip(pair->crt, address);
	rc |= gnutls_x509_crt_get_key_id(ca->crt, 0, id, &len);
	rc |= gnutls_x509_crt_set_authority_key_id(pair->crt, id, len);
	rc |= _sign(pair, ca);
	return rc;
}

static char *_text(gnutls_datum_t *datum)
{
	char *text = lab_printf("%.*s", (int) datum->size,
				(const char *) datum->data);

	gnutls_free(datum->data);
	return text;
}

static int _export(struct tls *tls, struct pair *ca, struct pair *server)
{
	gnutls_datum_t datum;

	if (gnutls_x509_crt_export2(ca->crt, GNUTLS_X509_FMT_PEM, &datum))
		return -1;
	tls->ca = _text(&datum);
	if (gnutls_x509_crt_export2(server->crt, GNUTLS_X509_FMT_PEM, &datum))
		return -1;
	tls->cert = _text(&datum);
	if (gnutls_x509_privkey_export2(server->key, GNUTLS_X509_FMT_PEM,
					&datum))
		return -1;
	tls->key = _text(&datum);
	return 0;
}

int tls_make(struct tls *tls, const char *address, struct err *err)
{
	struct pair ca = { NULL, NULL };
	struct pair server = { NULL, NULL };
	int rc;

	*tls = (struct tls) { NULL, NULL, NULL };
	rc = _authority(&ca);
	if (rc == 0)
		rc = _server(&server, &ca, address);
	if (rc == 0)
		rc = _export(tls, &ca, &server);
	_end(&ca);
	_end(&server);
	if (rc == 0)
		return 0;
	tls_free(tls);
	return err_set(err, ERR_FATAL, "cannot make a certificate for %s",
		       address);
}

void tls_free(struct tls *tls)
{
	free(tls->cert);
	free(tls->key);
	free(tls->ca);
	*tls = (struct tls) { NULL, NULL, NULL };
}
