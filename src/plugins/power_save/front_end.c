/* SPDX-License-Identifier: GPL-2.0-or-later */
/* front_end - options, the request, and the two ways to hand it over. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/hostlist.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/base/path.h"
#include "common/ipc/claim.h"
#include "common/ipc/spool.h"
#include "common/ipc/wire.h"
#include "front_end.h"
#include "sanitise.h"

#define REPLY_TIMEOUT_US (5 * CLOCK_US_PER_S)
#define BUSY_PAUSE_US 20000	/* scloned takes one request at a time */
#define JOB_MAX UINT32_MAX

struct options {
	const char *spool;
	const char *socket;
	const char *nodes;
	const char *features;
	bool odd;	/* the arguments were not what we know */
	bool help, version;
};

static const struct option _long_options[] = {
	{ "spool", required_argument, NULL, 'd' },
	{ "socket", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static void _take_option(int c, struct options *options)
{
	switch (c) {
	case 'd':
		options->spool = optarg;
		break;
	case 's':
		options->socket = optarg;
		break;
	case 'h':
		options->help = true;
		break;
	case 'V':
		options->version = true;
		break;
	default:
		options->odd = true;
		break;
	}
}

/*
 * The hostlist is the first operand, and one more may hold features (22.05
 * only). 26.05 lets slurm.conf put arguments before the hostlist, so with
 * arguments we do not know, the last one is taken: a request is never lost
 * because of them.
 */
static void _parse_options(int argc, char **argv, struct options *options)
{
	int c;

	opterr = 0;
	for (;;) {
		c = getopt_long(argc, argv, "+", _long_options, NULL);
		if (c < 0)
			break;
		_take_option(c, options);
	}
	if (argc - optind > 2)
		options->odd = true;
	if (options->odd && argc > 1 && argv[argc - 1][0] != '-')
		options->nodes = argv[argc - 1];
	else if (!options->odd && optind < argc)
		options->nodes = argv[optind];
	if (!options->odd && argc - optind == 2)
		options->features = argv[optind + 1];
}

static void _read_resume_file(struct request *request)
{
	const char *path = getenv("SLURM_RESUME_FILE");
	struct err err = ERR_INIT;
	cleanup_buf struct buf text;

	buf_init(&text, REQUEST_RESUME_MAX);
	if (!path)
		return;
	if (path_read(path, &text, &err) ||
	    request_set_resume(request, buf_str(&text), text.len, &err)) {
		log_warn("SLURM_RESUME_FILE is not used: %s", err.text);
		(void) request_set_note(request, err.text, NULL);
	}
}

static void _read_job(struct request *request)
{
	const char *text = getenv("SLURM_JOB_ID");
	uint64_t job;

	if (text && !parse_u64(text, 1, JOB_MAX, &job, NULL))
		request->job = (int64_t) job;
}

static void _nudge(const char *socket)
{
	cleanup_json struct json *nudge = NULL;
	struct err err = ERR_INIT;

	nudge = wire_request("nudge", &err);
	if (!nudge || wire_poke(socket, nudge, &err))
		log_warn("the request waits in the spool: %s", err.text);
}

/* Call until scloned has done with the requests before this one. */
static int _call(const char *socket, const struct json *call, struct err *err)
{
	const struct timespec pause = { 0, BUSY_PAUSE_US * 1000 };
	int64_t deadline = clock_mono_us() + REPLY_TIMEOUT_US;

	for (;;) {
		cleanup_json struct json *reply =
			wire_call(socket, call, deadline, err);

		if (reply)
			return 0;
		if (!err || err->code != ERR_BUSY ||
		    clock_mono_us() + BUSY_PAUSE_US >= deadline)
			return -1;
		(void) nanosleep(&pause, NULL);
	}
}

/* The way without a disk: scloned confirms that it has the request. */
static int _send(const char *socket, const struct request *request,
		 struct err *err)
{
	cleanup_json struct json *call = wire_request("request", err);
	struct json *body;

	if (!call)
		return -1;
	body = request_to_json(request, err);
	if (!body)
		return -1;
	if (json_put(call, "request", body))
		return err_nomem(err);
	return _call(socket, call, err);
}

static int _hand_over(const struct options *options,
		      const struct request *request, struct err *err)
{
	struct err spool = ERR_INIT;

	if (!spool_write(options->spool, request, &spool)) {
		_nudge(options->socket);
		return 0;
	}
	if (_send(options->socket, request, err))
		return err_wrap(err, "the request for %.100s is not handed "
				"over: not spooled (%.150s), and scloned",
				request->nodes, spool.text);
	log_warn("scloned took a request that could not be spooled: %s",
		 spool.text);
	return 0;
}

/* Their VMs go: whoever comes next has new ones. One that stays makes a job
 * wait for scloned's word. */
static void _drop_claims(const struct options *options, int64_t started)
{
	cleanup_hostlist struct hostlist *nodes = NULL;
	struct err err = ERR_INIT;
	int rc = 0;

	nodes = hostlist_parse(options->nodes, HOSTLIST_MAX, NULL);
	for (size_t i = 0; nodes && !rc && i < hostlist_count(nodes); i++)
		rc = claim_drop(options->spool, hostlist_at(nodes, i), started,
				&err);
	if (rc)
		log_warn("a claim stays: %s", err.text);
}

static int _run(enum request_kind kind, int argc, char **argv,
		const struct options *options, struct err *err)
{
	cleanup_request struct request *request = NULL;
	int rc;

	if (!options->nodes)
		return err_set(err, ERR_CONFIG,
			       "no node list; usage: %s [--spool DIR] "
			       "[--socket PATH] HOSTLIST [FEATURES]", argv[0]);
	request = request_create(kind, (size_t) argc - 1, argv + 1,
				 options->nodes, options->features, err);
	if (!request)
		return -1;
	if (options->odd)
		log_warn("unknown arguments; taking \"%.200s\" as the nodes",
			 options->nodes);
	if (kind == REQUEST_RESUME)
		_read_resume_file(request);
	_read_job(request);
	rc = _hand_over(options, request, err);
	if (kind == REQUEST_SUSPEND)	/* told or not: the VM goes */
		_drop_claims(options, request->time_us);
	return rc;
}

int front_end_run(enum request_kind kind, int argc, char **argv)
{
	struct options options = {
		.spool = DEFAULT_SPOOL,
		.socket = DEFAULT_SOCKET,
	};
	bool heard = sanitise_process();
	struct err err = ERR_INIT;
	char ident[32];

	snprintf(ident, sizeof(ident), "sclone-%s", request_kind_name(kind));
	log_open(ident, LOG_LEVEL_INFO, true);
	_parse_options(argc, argv, &options);
	if (options.help || options.version) {
		printf(options.help ? "usage: %s [--spool DIR] "
				      "[--socket PATH] HOSTLIST "
				      "[FEATURES]\n\n"
				      "See sclone-resume(8).\n"
				    : "%s " PACKAGE_VERSION "\n", ident);
		return 0;
	}
	if (!_run(kind, argc, argv, &options, &err))
		return 0;
	log_error("%s", err.text);
	if (heard)
		fprintf(stderr, "%s: %s\n", ident, err.text);
	return 1;
}
