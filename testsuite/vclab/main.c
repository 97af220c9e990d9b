/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vclab - a strict vCenter emulator for tests, benchmarks and the demo.
 *
 *	vclab --inventory FILE --state DIR [--listen ADDRESS:PORT] [--plain]
 *
 * Prints "listening PORT CAFILE" when it is ready; SIGTERM or SIGINT end it.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <libxml/parser.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/base/path.h"
#include "inventory.h"
#include "lab.h"
#include "server.h"
#include "tls.h"

struct options {
	const char *inventory;
	const char *state;
	char address[64];
	int port;
	bool plain;
};

static const char _usage[] =
	"usage: vclab --inventory FILE --state DIR [--listen ADDRESS:PORT]\n"
	"             [--plain]\n"
	"The inventory and the control calls are described in README.md.\n";

static int _read_listen(struct options *options, const char *text,
			struct err *err)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;

	if (!colon || (size_t) (colon - text) >= sizeof(options->address))
		return err_set(err, ERR_CONFIG, "--listen wants "
			       "ADDRESS:PORT, not '%s'", text);
	memcpy(options->address, text, (size_t) (colon - text));
	options->address[colon - text] = '\0';
	if (parse_u64(colon + 1, 0, 65535, &port, err) < 0)
		return err_wrap(err, "--listen");
	options->port = (int) port;
	return 0;
}

static int _read_options(struct options *options, int argc, char **argv,
			 struct err *err)
{
	static const struct option known[] = {
		{ "inventory", required_argument, NULL, 'i' },
		{ "state", required_argument, NULL, 's' },
		{ "listen", required_argument, NULL, 'l' },
		{ "plain", no_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	(void) _read_listen(options, "127.0.0.1:0", err);
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'i')
			options->inventory = optarg;
		else if (c == 's')
			options->state = optarg;
		else if (c == 'p')
			options->plain = true;
		else if (c != 'l' ||
			 _read_listen(options, optarg, err) < 0)
			return -1;
	}
	if (options->inventory && options->state && optind == argc)
		return 0;
	return err_set(err, ERR_CONFIG, "--inventory and --state are "
		       "needed");
}

static void _stop(int signo, void *arg)
{
	(void) signo;
	loop_stop(arg, 0);
}

/* Write the authority's certificate; "-" when there is none. */
static int _write_ca(const struct tls *tls, const char *state, char **out,
		     struct err *err)
{
	*out = tls->ca ? lab_printf("%s/ca.pem", state) : lab_strdup("-");
	return tls->ca ? path_write(*out, tls->ca, strlen(tls->ca), 0644, err)
		       : 0;
}

static int _serve(struct lab *lab, const struct options *options,
		  struct err *err)
{
	struct tls tls = { NULL, NULL, NULL };
	struct server *server = NULL;
	char *ca = NULL;
	int rc = -1;

	if ((options->plain || tls_make(&tls, options->address, err) == 0) &&
	    _write_ca(&tls, lab->state_dir, &ca, err) == 0)
		server = server_create(lab, options->address, options->port,
				       options->plain ? NULL : &tls, err);
	if (server) {
		(void) printf("listening %d %s\n", server_port(server), ca);
		(void) fflush(stdout);
		rc = loop_run(lab->loop, err);
	}
	server_destroy(server);
	tls_free(&tls);
	free(ca);
	return rc;
}

static int _run(const struct options *options, struct loop *loop,
		struct err *err)
{
	struct loop_signal *term = loop_signal_create(loop, SIGTERM, _stop,
						      loop, err);
	struct loop_signal *interrupt = loop_signal_create(loop, SIGINT,
							   _stop, loop, err);
	cleanup_free char *state = NULL;
	struct lab *lab = NULL;
	int rc = -1;

	if (path_mkdir(options->state, 0755, err) == 0) {
		state = realpath(options->state, NULL);
		lab = state ? lab_create(loop, state, err) : NULL;
	}
	if (lab && inventory_load(lab, options->inventory, err) == 0)
		rc = _serve(lab, options, err);
	lab_destroy(lab);
	loop_signal_destroy(term);
	loop_signal_destroy(interrupt);
	return rc;
}

/* Each connection and guest is a descriptor or more. */
static void _raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void) setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	struct options options = { NULL, NULL, "", 0, false };
	cleanup_loop struct loop *loop = NULL;
	struct err err = ERR_INIT;
	int rc;

	log_open("vclab", LOG_LEVEL_INFO, false);
	if (_read_options(&options, argc, argv, &err) < 0) {
		(void) fputs(_usage, stderr);
		log_error("%s", err.text);
		return 2;
	}
	_raise_limits();
	(void) signal(SIGPIPE, SIG_IGN);
	xmlInitParser();
	loop = loop_create(&err);
	rc = loop ? _run(&options, loop, &err) : -1;
	xmlCleanupParser();
	if (rc < 0)
		log_error("%s", err.text);
	return rc < 0 ? 1 : 0;
}
