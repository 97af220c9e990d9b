/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sys/socket.h>

#include "parse.h"
#include "slurmd.h"

/* From slurmd(8). */
static const char *const _prefixes[] = {
	"--instance-id=", "--instance-type=", "--extra=", NULL,
};
static const char *const _words[] = { "-v", "-vv", "-vvv", NULL };

static bool _is_value(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.:,@=+/-";

	return *text && !text[strspn(text, allowed)];
}

bool slurmd_option_allowed(const char *option)
{
	if (strlen(option) > SLURMD_OPTION_MAX)
		return false;
	for (size_t i = 0; _words[i]; i++)
		if (!strcmp(option, _words[i]))
			return true;
	for (size_t i = 0; _prefixes[i]; i++) {
		size_t len = strlen(_prefixes[i]);

		if (!strncmp(option, _prefixes[i], len))
			return _is_value(option + len);
	}
	return false;
}

static bool _is_host(char *host)
{
	struct inet addr;
	size_t len = strlen(host);

	if (host[0] != '[')
		return parse_is_name(host, 253);
	if (len < 3 || host[len - 1] != ']')
		return false;
	host[len - 1] = '\0';
	return parse_inet(host + 1, &addr, NULL) == 0 &&
	       addr.family == AF_INET6;
}

/* host, host:port, [v6], [v6]:port */
static bool _is_server(const char *text, size_t len)
{
	char host[SLURMD_SERVERS_MAX + 1];
	uint64_t port;
	char *colon;

	memcpy(host, text, len);
	host[len] = '\0';
	colon = strrchr(host, ':');
	if (colon && !strchr(colon, ']')) {
		if (parse_u64(colon + 1, 1, 65535, &port, NULL) < 0)
			return false;
		*colon = '\0';
	}
	return _is_host(host);
}

bool slurmd_is_servers(const char *text)
{
	if (strlen(text) > SLURMD_SERVERS_MAX)
		return false;
	for (;;) {
		size_t len = strcspn(text, ",");

		if (!_is_server(text, len))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}
