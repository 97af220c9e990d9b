/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/clone/config.h"
#include "common/ipc/wire.h"
#include "command.h"

int command_fail(const char *what, const struct err *err)
{
	fprintf(stderr, "sclone: %s: %s\n", what, err->text);
	return COMMAND_CRITICAL;
}

int command_fail_config(const struct err *err)
{
	command_fail("configuration", err);
	if (err->code == ERR_NOTFOUND)
		fprintf(stderr, "begin with the example, see sclone.conf(5), "
				"or name another file with --config\n");
	return COMMAND_CRITICAL;
}

struct json *command_request(const char *verb)
{
	struct err err = ERR_INIT;
	struct json *request = wire_request(verb, &err);

	if (!request)
		command_fail(verb, &err);
	return request;
}

static struct json *_ask(const char *socket, const struct json *request,
			 int64_t limit_us)
{
	struct err err = ERR_INIT;
	struct json *reply;

	reply = wire_call(socket, request, clock_mono_us() + limit_us, &err);
	if (reply)
		return reply;
	command_fail("scloned", &err);
	if (err.code == ERR_TRANSIENT)
		fprintf(stderr, "is it running? systemctl status scloned\n");
	return NULL;
}

struct json *command_ask(const struct command_options *options,
			 struct json *request)
{
	return command_ask_within(options, request, COMMAND_ASK_US);
}

struct json *command_ask_within(const struct command_options *options,
				struct json *request, int64_t limit_us)
{
	cleanup_json struct json *owned = request;
	cleanup_config struct config *config = NULL;
	struct err err = ERR_INIT;

	if (!request)
		return NULL;
	if (options->socket)
		return _ask(options->socket, owned, limit_us);
	config = config_read(options->config, &err);
	if (!config) {
		command_fail_config(&err);
		return NULL;
	}
	return _ask(config_global(config)->socket, owned, limit_us);
}

int command_print_json(const struct json *reply)
{
	struct err err = ERR_INIT;
	cleanup_buf struct buf text;

	/* With its blanks it is longer than it came. */
	buf_init(&text, 16 * (size_t) WIRE_REPLY_MAX);
	json_print_pretty(reply, &text);
	if (buf_ok(&text, "the reply", &err) < 0)
		return command_fail("--json", &err);
	puts(buf_str(&text));
	return COMMAND_OK;
}

void command_age(int64_t us, char *out)
{
	int64_t seconds = us / CLOCK_US_PER_S;

	if (us < 0)
		snprintf(out, 16, "-");
	else if (seconds < 60)
		snprintf(out, 16, "%" PRId64 ".%" PRId64 "s", seconds,
			 us % CLOCK_US_PER_S / 100000);
	else if (seconds < 3600)
		snprintf(out, 16, "%" PRId64 "m%02" PRId64 "s", seconds / 60,
			 seconds % 60);
	else if (seconds < 86400)
		snprintf(out, 16, "%" PRId64 "h%02" PRId64 "m",
			 seconds / 3600, seconds / 60 % 60);
	else
		snprintf(out, 16, "%" PRId64 "d%02" PRId64 "h",
			 seconds / 86400 % 1000000, seconds / 3600 % 24);
}

const char *command_str(const struct json *row, const char *key)
{
	const char *value = "";

	(void) json_get_str_or(row, key, "", &value, NULL);
	return value;
}

int64_t command_int(const struct json *row, const char *key)
{
	int64_t value = 0;

	(void) json_get_int_or(row, key, INT64_MIN, INT64_MAX, 0, &value,
			       NULL);
	return value;
}

bool command_bool(const struct json *row, const char *key)
{
	bool value = false;

	(void) json_get_bool_or(row, key, false, &value, NULL);
	return value;
}
