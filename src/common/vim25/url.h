/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * url - where a vCenter is, and what may be sent there.
 */
#ifndef SCLONE_VIM25_URL_H
#define SCLONE_VIM25_URL_H

#include "common/base/err.h"

/*
 * "https://HOST[:PORT]/PATH", nothing more: no user, query or fragment.
 * http:// would show the password to the network, so it is taken for
 * loopback addresses (127.0.0.0/8, [::1]) alone. CONFIG otherwise.
 */
int url_check(const char *url, struct err *err);

/* The path of a checked URL, "/sdk"; borrowed from it. What stands before
 * it is scheme, host and port. */
const char *url_path(const char *url);

#endif
