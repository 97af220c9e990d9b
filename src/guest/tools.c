/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tools - see tools.h. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "command.h"
#include "tools.h"

static void _trim(struct buf *output)
{
	while (output->len > 0 && (output->data[output->len - 1] == '\n' ||
				   output->data[output->len - 1] == '\r'))
		output->data[--output->len] = '\0';
}

enum tools_answer tools_judge(int status, const char *output)
{
	if (status == 0)
		return *output ? TOOLS_VALUE : TOOLS_NO_ANSWER;
	if (status == 1 && strcmp(output, "No value found") == 0)
		return TOOLS_ABSENT;
	return TOOLS_NO_ANSWER;
}

static int _rpc(const struct settings *settings, const char *line,
		uint64_t limit_s, struct buf *output, int *status,
		struct err *err)
{
	const char *argv[] = { settings->rpctool, line, NULL };
	struct command command = { .argv = argv,
				   .limit_s = limit_s,
				   .output = output };

	if (command_run(&command, status, err) < 0)
		return -1;
	_trim(output);
	return 0;
}

enum tools_answer tools_get(const struct settings *settings, const char *key,
			    struct buf *value, struct err *err)
{
	enum tools_answer answer;
	char line[128];
	int status;

	(void) snprintf(line, sizeof(line), "info-get %s", key);
	if (_rpc(settings, line, settings->rpc_time, value, &status, err) < 0)
		return TOOLS_NO_ANSWER;
	answer = tools_judge(status, buf_str(value));
	if (answer == TOOLS_NO_ANSWER)
		err_set(err, ERR_TRANSIENT, "%s: status %d, \"%.80s\"", line,
			status, buf_str(value));
	return answer;
}

static int _set_once(const struct settings *settings, const char *line,
		     struct err *err)
{
	cleanup_buf struct buf output;
	int status;

	buf_init(&output, 256);
	if (_rpc(settings, line, settings->rpc_time, &output, &status, err) <
	    0)
		return -1;
	if (status != 0)
		return err_set(err, ERR_TRANSIENT, "info-set: %s",
			       buf_str(&output));
	return 0;
}

int tools_set(const struct settings *settings, const char *key,
	      const char *value, struct err *err)
{
	cleanup_buf struct buf line;

	buf_init(&line, TOOLS_VALUE_MAX + 128);
	buf_printf(&line, "info-set %s %s", key, value);
	if (buf_ok(&line, key, err) < 0)
		return -1;
	for (unsigned n = 1;; n++) {
		if (_set_once(settings, buf_str(&line), err) == 0)
			return 0;
		if (n == TOOLS_TRIES)
			return err_wrap(err, "%s", key);
		tools_pause(n);
	}
}

int tools_freeze(const struct settings *settings, struct err *err)
{
	cleanup_buf struct buf output;
	int status;

	buf_init(&output, 256);
	if (_rpc(settings, "instantclone.freeze", 0, &output, &status, err) <
	    0)
		return -1;
	if (status != 0)
		return err_set(err, ERR_REFUSED, "instantclone.freeze: %s",
			       buf_str(&output));
	return 0;
}

int tools_read_time(const char *text, int64_t *us, struct err *err)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char month[4] = "", rest;
	const char *at;
	struct tm tm;
	time_t seconds;

	memset(&tm, 0, sizeof(tm));
	if (sscanf(text, "%2d %3s %4d %2d:%2d:%2d%c", &tm.tm_mday, month,
		   &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
		   &rest) != 6)
		return err_set(err, ERR_PROTOCOL, "no host time: \"%.60s\"",
			       text);
	at = strstr(months, month);
	if (strlen(month) != 3 || !at || (at - months) % 3 != 0)
		return err_set(err, ERR_PROTOCOL, "no month: \"%s\"", month);
	tm.tm_mon = (int) (at - months) / 3;
	tm.tm_year -= 1900;
	seconds = timegm(&tm);
	if (seconds <= 0)
		return err_set(err, ERR_PROTOCOL, "no host time: \"%.60s\"",
			       text);
	*us = (int64_t) seconds * CLOCK_US_PER_S;
	return 0;
}

int tools_host_time(const struct settings *settings, int64_t *us,
		    int64_t *resolution, struct err *err)
{
	const char *argv[] = { settings->toolbox, "stat", "hosttime", NULL };
	const char *env[] = { "TZ=UTC", "LC_ALL=C", NULL };
	cleanup_buf struct buf output;
	struct command command = { .argv = argv,
				   .env = env,
				   .limit_s = settings->rpc_time,
				   .output = &output };
	int status;

	buf_init(&output, 256);
	if (command_run(&command, &status, err) < 0)
		return -1;
	_trim(&output);
	if (status != 0)
		return err_set(err, ERR_TRANSIENT, "%s: %s",
			       settings->toolbox, buf_str(&output));
	if (tools_read_time(buf_str(&output), us, err) < 0)
		return -1;
	*resolution = CLOCK_US_PER_S;
	return 0;
}

void tools_pause(unsigned n)
{
	int ms = n > 5 ? 2000 : 100 << (n - 1);

	(void) poll(NULL, 0, ms < 2000 ? ms : 2000);
}
