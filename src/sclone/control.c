/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sclone pause, unpause, hold, unhold, release, reload - the verbs that
 * change how scloned goes on. Each prints one line. */
#include <inttypes.h>
#include <stdio.h>

#include "common/ipc/verbs.h"
#include "command.h"

static int _usage(const char *text)
{
	fprintf(stderr, "usage: sclone %s\n", text);
	return COMMAND_CRITICAL;
}

/* Ask, and print the reply or a sentence with the number of nodes in it. */
static int _order(const struct command_options *options, struct json *request,
		  const char *done)
{
	cleanup_json struct json *reply = command_ask(options, request);

	if (!reply)
		return COMMAND_CRITICAL;
	if (options->json)
		return command_print_json(reply);
	if (json_get(reply, "nodes"))
		printf("%s: %" PRId64 " nodes\n", done,
		       command_int(reply, "nodes"));
	else
		printf("%s\n", done);
	return COMMAND_OK;
}

static int _order_nodes(const struct command_options *options,
			const char *verb, const char *nodes, const char *done)
{
	struct json *request = command_request(verb);

	if (request)
		json_put_str(request, "nodes", nodes);
	return _order(options, request, done);
}

int pause_command(const struct command_options *options, int argc,
		  char **argv)
{
	(void) argv;
	if (argc)
		return _usage("pause");
	return _order(options, command_request(VERB_PAUSE),
		      "paused: no new clones, releases go on");
}

int unpause_command(const struct command_options *options, int argc,
		    char **argv)
{
	(void) argv;
	if (argc)
		return _usage("unpause");
	return _order(options, command_request(VERB_UNPAUSE),
		      "clones are made again");
}

int hold_command(const struct command_options *options, int argc, char **argv)
{
	if (argc != 1)
		return _usage("hold NODES");
	return _order_nodes(options, VERB_HOLD, argv[0], "held");
}

int unhold_command(const struct command_options *options, int argc,
		   char **argv)
{
	if (argc != 1)
		return _usage("unhold NODES");
	return _order_nodes(options, VERB_UNHOLD, argv[0],
			    "not held any more");
}

int release_command(const struct command_options *options, int argc,
		    char **argv)
{
	if (argc != 1)
		return _usage("release NODES");
	return _order_nodes(options, VERB_RELEASE, argv[0], "being released");
}

int reload_command(const struct command_options *options, int argc,
		   char **argv)
{
	(void) argv;
	if (argc)
		return _usage("reload");
	return _order(options, command_request(VERB_RELOAD), "read");
}
