/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "transfer.h"

#define COOKIE "vmware_soap_session"

/* libcurl keeps its buffer as long as the handle, and fills it from the start
 * each time: of a secret in small pieces, what follows it leaves nothing. The
 * end of a SOAP request alone is longer than three of them. */
#define PIECE 16

/* --- the body goes out once, the reply comes in bounded --- */

static size_t _give(char *to, size_t size, size_t count, void *arg)
{
	struct transfer *transfer = arg;
	const struct http_request *request = transfer->request;
	size_t room = size * count, left = request->len - transfer->sent;

	/* All given and asked again: this would be a second sending. */
	if (!left)
		return CURL_READFUNC_ABORT;
	if (request->secret && room > PIECE)
		room = PIECE;
	if (left > room)
		left = room;
	memcpy(to, request->body + transfer->sent, left);
	transfer->sent += left;
	return left;
}

static size_t _take(char *from, size_t size, size_t count, void *arg)
{
	struct transfer *transfer = arg;
	size_t len = size * count;

	buf_add(&transfer->reply, from, len);
	return transfer->reply.failed ? 0 : len;
}

/* The value of a Set-Cookie line of ours, or NULL. */
static const char *_cookie_value(const char *line, size_t len, size_t *value)
{
	static const char start[] = "Set-Cookie:";
	const char *p = line, *end = line + len, *stop;

	if (len < sizeof(start) ||
	    strncasecmp(line, start, sizeof(start) - 1))
		return NULL;
	p += sizeof(start) - 1;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if ((size_t) (end - p) <= sizeof(COOKIE) ||
	    strncmp(p, COOKIE "=", sizeof(COOKIE)))
		return NULL;
	p += sizeof(COOKIE);
	for (stop = p; stop < end && *stop > ' ' && *stop != ';'; stop++)
		;
	*value = (size_t) (stop - p);
	return p;
}

static size_t _header(char *line, size_t size, size_t count, void *arg)
{
	struct transfer *transfer = arg;
	size_t len = size * count, value_len;
	const char *value;

	if (!transfer->request->takes_cookie)
		return len;
	value = _cookie_value(line, len, &value_len);
	if (value && value_len &&
	    value_len < TRANSFER_COOKIE_SIZE - sizeof(COOKIE "="))
		snprintf(transfer->cookie, TRANSFER_COOKIE_SIZE,
			 COOKIE "=%.*s", (int) value_len, value);
	return len;
}

/* --- what an outcome means --- */

static int _lost(const struct transfer *transfer, const char *why,
		 struct err *err)
{
	const struct http_request *request = transfer->request;
	const char *origin = transfer->origin;

	if (request->repeatable)
		return err_set(err, ERR_TRANSIENT, "%s: %s", origin, why);
	if (transfer->sent < request->len)
		return err_set(err, ERR_TRANSIENT, "%s: not sent: %s", origin,
			       why);
	return err_set(err, ERR_UNKNOWN, "%s: sent, but the reply is lost: %s",
		       origin, why);
}

static int _not_taken(const struct transfer *transfer, struct err *err)
{
	if (transfer->reply.nomem)
		return _lost(transfer, "no memory for the reply", err);
	if (!transfer->request->repeatable)
		return _lost(transfer, "the reply is too long", err);
	return err_set(err, ERR_PROTOCOL, "%s: reply longer than %zu bytes",
		       transfer->origin, transfer->reply.max);
}

void transfer_error(const struct transfer *transfer, CURLcode code,
		    struct err *err)
{
	const char *why = transfer->why[0] ? transfer->why
					   : curl_easy_strerror(code);

	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_URL_MALFORMAT:
		err_set(err, ERR_CONFIG, "%s: %s (see CACert=, Pin=, "
			"VCenter=)", transfer->origin, why);
		break;
	case CURLE_WRITE_ERROR:
		_not_taken(transfer, err);
		break;
	case CURLE_SEND_FAIL_REWIND:
	case CURLE_ABORTED_BY_CALLBACK:
		_lost(transfer, "the kept connection died", err);
		break;
	default:
		_lost(transfer, why, err);
	}
}

bool transfer_died(CURLcode code)
{
	return code == CURLE_SEND_FAIL_REWIND ||
	       code == CURLE_ABORTED_BY_CALLBACK ||
	       code == CURLE_GOT_NOTHING || code == CURLE_SEND_ERROR ||
	       code == CURLE_RECV_ERROR;
}

/* --- options --- */

/* This authority alone: libcurl has the system's directory of them set from
 * the start, and looks there, too. A libcurl without such a directory says
 * that it does not know the option. */
static int _set_authority(CURL *easy, const char *ca_file)
{
	CURLcode rc = curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);

	if (rc == CURLE_NOT_BUILT_IN || rc == CURLE_UNKNOWN_OPTION)
		rc = CURLE_OK;
	return rc | curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
}

static int _set_tls(CURL *easy, const struct http_config *config)
{
	int rc = CURLE_OK;
	long verify = config->insecure ? 0 : 1;

	rc |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify);
	rc |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify * 2);
	rc |= curl_easy_setopt(easy, CURLOPT_SSLVERSION,
			       (long) CURL_SSLVERSION_TLSv1_2);
	if (config->ca_file)
		rc |= _set_authority(easy, config->ca_file);
#if CURL_AT_LEAST_VERSION(7, 87, 0)
	/* A new file counts from the next connection on. */
	rc |= curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
#endif
	if (config->pin)
		rc |= curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY,
				       config->pin);
	return rc;
}

static int _set_callbacks(struct transfer *transfer)
{
	CURL *easy = transfer->easy;
	int rc = CURLE_OK;

	rc |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->why);
	rc |= curl_easy_setopt(easy, CURLOPT_READFUNCTION, _give);
	rc |= curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
	rc |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, _take);
	rc |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	rc |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, _header);
	rc |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	return rc;
}

/* Options that are the same for every request. */
static int _set_fixed(struct transfer *transfer,
		      const struct http_config *config)
{
	CURL *easy = transfer->easy;
	int rc = _set_callbacks(transfer) | _set_tls(easy, config);

	rc |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
			       (long) CURL_HTTP_VERSION_1_1);
	rc |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if CURL_AT_LEAST_VERSION(7, 87, 0)
	/* Else whatever ends while a name is looked up, by its time limit or
	 * cancelled, waits in here for the name server; older ones do. */
	rc |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	rc |= curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	rc |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	rc |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	rc |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
	rc |= curl_easy_setopt(easy, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
	rc |= curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	rc |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "sclone");
	rc |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			       (long) config->connect_ms);
	return rc;
}

/* Options of this request. */
static int _set_request(struct transfer *transfer)
{
	const struct http_request *request = transfer->request;
	CURL *easy = transfer->easy;
	int rc = CURLE_OK;
	char url[2048];

	snprintf(url, sizeof(url), "%s%s", transfer->origin, request->path);
	rc |= curl_easy_setopt(easy, CURLOPT_URL, url);
	if (request->body) {
		rc |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
		rc |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
				       (curl_off_t) request->len);
	} else {
		rc |= curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	}
	rc |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
	rc |= curl_easy_setopt(easy, CURLOPT_COOKIE, transfer->cookie[0]
						     ? transfer->cookie
						     : NULL);
	rc |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
			       (long) request->timeout_ms);
	rc |= curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT,
			       transfer->again ? 1L : 0L);
	return rc;
}

static int _add_header(struct transfer *transfer, const char *line)
{
	struct curl_slist *longer = curl_slist_append(transfer->headers, line);

	if (!longer)
		return -1;
	transfer->headers = longer;
	return 0;
}

static int _set_headers(struct transfer *transfer)
{
	const struct http_request *request = transfer->request;
	char action[128];

	curl_slist_free_all(transfer->headers);
	transfer->headers = NULL;
	if (!request->body)
		return 0;
	/* Without an empty Expect: libcurl would wait for "100 Continue"
	 * before longer bodies. */
	if (_add_header(transfer, "Expect:") ||
	    _add_header(transfer, "Content-Type: text/xml; charset=UTF-8"))
		return -1;
	if (!request->action)
		return 0;
	snprintf(action, sizeof(action), "SOAPAction: %s", request->action);
	return _add_header(transfer, action);
}

CURLcode transfer_start(struct transfer *transfer, CURLM *multi,
			const struct http_request *request)
{
	buf_reset(&transfer->reply);
	transfer->request = request;
	transfer->sent = 0;
	transfer->why[0] = '\0';
	if (_set_headers(transfer) || _set_request(transfer) ||
	    curl_multi_add_handle(multi, transfer->easy) != CURLM_OK)
		return CURLE_OUT_OF_MEMORY;
	return CURLE_OK;
}

int transfer_init(struct transfer *transfer, const struct http_config *config,
		  const char *origin, char *cookie, struct err *err)
{
	transfer->origin = origin;
	transfer->cookie = cookie;
	buf_init(&transfer->reply, config->reply_max);
	transfer->easy = curl_easy_init();
	if (!transfer->easy)
		return err_nomem(err);
	if (_set_fixed(transfer, config))
		return err_set(err, ERR_CONFIG,
			       "libcurl refuses the settings for %s", origin);
	return 0;
}

void transfer_done(struct transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	buf_free(&transfer->reply);
}
