/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "url.h"

static bool _is_loopback(const char *host)
{
	size_t len = strcspn(host, ":/");
	char text[INET_ADDRSTRLEN];
	struct in_addr addr;

	if (!strncmp(host, "[::1]", 5))
		return true;
	if (len >= sizeof(text))
		return false;
	memcpy(text, host, len);
	text[len] = '\0';
	return inet_pton(AF_INET, text, &addr) == 1 &&
	       ntohl(addr.s_addr) >> 24 == 127;
}

int url_check(const char *url, struct err *err)
{
	bool plain = !strncasecmp(url, "http://", 7);
	const char *host;

	if (!plain && strncasecmp(url, "https://", 8))
		return err_set(err, ERR_CONFIG, "'%s': not an https:// URL",
			       url);
	host = strstr(url, "://") + 3;
	if (*host == '/' || !strchr(host, '/') ||
	    strpbrk(host, "@?#\\\" \t\r\n") || strlen(url) > 1024)
		return err_set(err, ERR_CONFIG, "'%.1024s': not of the form "
			       "https://HOST[:PORT]/sdk", url);
	if (plain && !_is_loopback(host))
		return err_set(err, ERR_CONFIG, "'%s': http:// only to a "
			       "loopback address; use https://", url);
	return 0;
}

const char *url_path(const char *url)
{
	return strchr(strstr(url, "://") + 3, '/');
}
