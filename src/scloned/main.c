/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scloned - options, signals, and the loop; see daemon.h for the rest. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "common/base/log.h"
#include "common/base/path.h"
#include "daemon.h"

#define FILES 8192	/* descriptors, of which prologs may have half */

static void _usage(FILE *out)
{
	fprintf(out, "usage: scloned [--config FILE] [--check] "
		     "[--slurm-helper PATH]\n\nSee scloned(8).\n");
}

/* Whatever can be known without vCenter, Slurm or the journal. */
static int _check(const char *path)
{
	cleanup_config struct config *config = NULL;
	const struct config_global *global;
	struct err err = ERR_INIT;

	config = config_read(path, &err);
	if (!config) {
		log_error("%s", err.text);
		return 1;
	}
	global = config_global(config);
	if (path_check_secret(global->password_file, geteuid(), &err) < 0 ||
	    path_check_secret(global->key_file, geteuid(), &err) < 0) {
		log_error("%s", err.text);
		return 1;
	}
	printf("%s: %zu nodes, %zu templates\n", path,
	       config_node_count(config), config_template_count(config));
	return 0;
}

static void _on_signal(int signo, void *arg)
{
	struct daemon *daemon = arg;
	struct err err = ERR_INIT;

	if (signo != SIGHUP)
		daemon_leave(daemon);
	else if (daemon_reload(daemon, &err) < 0)
		log_error("reload: %s; the old configuration stays",
			  err.text);
}

/* Started, to its end; the exit status. */
static int _serve(struct daemon *daemon)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	struct loop_signal *sources[3] = { NULL };
	struct err err = ERR_INIT;
	int code = 0;

	for (size_t i = 0; i < 3 && code == 0; i++) {
		sources[i] = loop_signal_create(daemon->loop, signals[i],
						_on_signal, daemon, &err);
		if (!sources[i])
			code = 1;
	}
	if (code == 0 && loop_run(daemon->loop, &err) < 0)
		code = 1;
	if (code)
		log_error("%s", err.text);
	for (size_t i = 0; i < 3; i++)
		loop_signal_destroy(sources[i]);
	return code;
}

/* Every prolog that waits holds a connection. */
static void _raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur < FILES) {
		limit.rlim_cur = limit.rlim_max < FILES ? limit.rlim_max
							: FILES;
		(void) setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int _run(const struct daemon_options *options)
{
	struct daemon daemon = { 0 };
	struct err err = ERR_INIT;
	int code;

	/* No core dumps and no ptrace by the same user: secrets. */
	(void) prctl(PR_SET_DUMPABLE, 0);
	(void) umask(077);
	(void) signal(SIGPIPE, SIG_IGN);
	_raise_files();
	if (daemon_start(&daemon, options, &err) < 0) {
		log_error("%s", err.text);
		return 1;
	}
	code = _serve(&daemon);
	daemon_stop(&daemon);
	log_info("stopped");
	return code;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 't' },
		{ "slurm-helper", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct daemon_options options = { CONFIG_PATH, SLURM_HELPER };
	bool check = false;
	int c;

	log_open("scloned", LOG_LEVEL_INFO, false);
	while ((c = getopt_long(argc, argv, "c:thV", long_options, NULL)) >=
	       0) {
		switch (c) {
		case 'c':
			options.config = optarg;
			break;
		case 't':
			check = true;
			break;
		case 'p':
			options.slurm_helper = optarg;
			break;
		case 'h':
			_usage(stdout);
			return 0;
		case 'V':
			puts("scloned " PACKAGE_VERSION);
			return 0;
		default:
			_usage(stderr);
			return 1;
		}
	}
	if (optind < argc) {
		_usage(stderr);
		return 1;
	}
	return check ? _check(options.config) : _run(&options);
}
