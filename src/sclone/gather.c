/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "common/base/clock.h"
#include "common/ipc/verbs.h"
#include "common/ipc/wire.h"
#include "gather.h"

#define DAEMON_US (5 * CLOCK_US_PER_S)
#define HISTORY_CYCLES 500

int gather_await(struct loop *loop, const size_t *pending, int64_t until_us,
		 struct err *err)
{
	while (*pending) {
		int64_t left = until_us - clock_mono_us();

		if (left <= 0)
			return err_set(err, ERR_TRANSIENT, "no answer in "
				       "time");
		if (loop_turn(loop, left, err) < 0)
			return -1;
	}
	return 0;
}

static struct json *_ask(const char *socket, struct json *request)
{
	cleanup_json struct json *owned = request;

	return owned ? wire_call(socket, owned, clock_mono_us() + DAEMON_US,
				 NULL) : NULL;
}

static void _gather_daemon(struct facts *facts, const char *socket)
{
	cleanup_json struct json *status = NULL, *history = NULL;
	struct json *request;
	const char *version;

	status = _ask(socket, wire_request(VERB_STATUS, NULL));
	if (!status ||
	    json_get_str(json_get(status, "daemon"), "version", &version,
			 NULL))
		return;
	facts->daemon.running = true;
	snprintf(facts->daemon.version, sizeof(facts->daemon.version), "%s",
		 version);
	request = wire_request(VERB_HISTORY, NULL);
	if (request)
		(void) json_put_int(request, "limit", HISTORY_CYCLES);
	history = _ask(socket, request);
	if (history)
		facts_take_history(&facts->daemon, history);
}

void gather(const struct gather_options *options, struct facts *facts)
{
	facts->config_path = options->config;
	facts->config = config_read(options->config, &facts->config_problem);
	if (!facts->config)
		return;
	gather_slurm(facts, options->slurm_helper);
	gather_names(facts);
	gather_plugins(facts);
	gather_files(facts);
	gather_vcenter(facts);
	_gather_daemon(facts, options->socket
				      ? options->socket
				      : config_global(facts->config)->socket);
}
