/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tls - a fresh certificate authority and a server certificate for
 * 127.0.0.1 and localhost, made at each start; the authority's key is
 * never written anywhere.
 */
#ifndef SCLONE_VCLAB_TLS_H
#define SCLONE_VCLAB_TLS_H

#include "common/base/err.h"

struct tls {
	char *cert;	/* PEM, the server's */
	char *key;	/* PEM */
	char *ca;	/* PEM of the authority */
};

/* address (an IPv4 text) is added to the names. */
int tls_make(struct tls *tls, const char *address, struct err *err);
void tls_free(struct tls *tls);

#endif
