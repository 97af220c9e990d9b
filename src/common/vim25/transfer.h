/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transfer - one request at a time on one libcurl easy handle: its options,
 * its body that goes out once, its bounded reply, and what its outcome means.
 *
 * For http.c alone; it owns the multi handles and the queue.
 */
#ifndef SCLONE_VIM25_TRANSFER_H
#define SCLONE_VIM25_TRANSFER_H

#include <curl/curl.h>

#include "common/base/buf.h"
#include "http.h"

#define TRANSFER_COOKIE_SIZE 1024

struct transfer {
	CURL *easy;
	struct curl_slist *headers;
	const char *origin;	/* "https://host:port", borrowed */
	char *cookie;		/* TRANSFER_COOKIE_SIZE bytes, borrowed;
				 * "name=value" or "" */
	const struct http_request *request;	/* borrowed while it runs */
	struct buf reply;
	size_t sent;		/* bytes of the body given to libcurl */
	bool again;		/* this is the second try */
	char why[CURL_ERROR_SIZE];
};

/* Make the handle with the options every request has. CONFIG, FATAL; in
 * either case transfer_done() is due. */
int transfer_init(struct transfer *transfer, const struct http_config *config,
		  const char *origin, char *cookie, struct err *err);
void transfer_done(struct transfer *transfer);

/* Put the handle to work. */
CURLcode transfer_start(struct transfer *transfer, CURLM *multi,
			const struct http_request *request);

/* Whether the connection broke off before the reply, as kept ones do when
 * the server has closed them: a repeatable request is worth a second try at
 * once, on a new connection. */
bool transfer_died(CURLcode code);

/* Set err to what a failure means for the caller. */
void transfer_error(const struct transfer *transfer, CURLcode code,
		    struct err *err);

#endif
