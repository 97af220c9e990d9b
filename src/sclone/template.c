/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sclone template - what clones are made from: look at it, and steer it. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/ipc/verbs.h"
#include "template.h"

#define REASON_MAX 4096		/* scloned says how long it may be */

static int _usage(void)
{
	fprintf(stderr, "usage: sclone template list\n"
			"       sclone template show TEMPLATE|SOURCE\n"
			"       sclone template drain TEMPLATE|SOURCE "
			"[REASON...]\n"
			"       sclone template undrain TEMPLATE|SOURCE\n"
			"       sclone template test [--timeout DURATION] "
			"TEMPLATE|SOURCE|--all\n");
	return COMMAND_CRITICAL;
}

const char *template_who(void)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *user = getpwuid(getuid());

	if (sudo && *sudo && getuid() == 0)
		return sudo;
	return user ? user->pw_name : NULL;
}

static int _order(const struct command_options *options, const char *verb,
		  const char *name, const char *why)
{
	struct json *request = command_request(verb);
	cleanup_json struct json *reply = NULL;

	if (request) {
		json_put_str(request, "name", name);
		json_put_str(request, "who", template_who());
		json_put_str(request, "why", why);
	}
	reply = command_ask(options, request);
	if (!reply)
		return COMMAND_CRITICAL;
	if (options->json)
		return command_print_json(reply);
	printf("%s: %s\n", command_str(reply, "name"),
	       strcmp(verb, VERB_DRAIN) ? "in use again"
					: "no new clones; those that run "
					  "live on");
	return COMMAND_OK;
}

/* The reason needs no quotes. */
static int _drain(const struct command_options *options, int argc,
		  char **argv)
{
	cleanup_buf struct buf why;

	buf_init(&why, REASON_MAX);
	for (int i = 1; i < argc; i++)
		buf_printf(&why, "%s%s", i > 1 ? " " : "", argv[i]);
	return _order(options, VERB_DRAIN, argv[0], buf_str(&why));
}

int template_command(const struct command_options *options, int argc,
		     char **argv)
{
	if (argc == 1 && !strcmp(argv[0], "list"))
		return template_list(options);
	if (argc == 2 && !strcmp(argv[0], "show"))
		return template_show(options, argv[1]);
	if (argc >= 2 && !strcmp(argv[0], "drain"))
		return _drain(options, argc - 1, argv + 1);
	if (argc >= 2 && !strcmp(argv[0], "test"))
		return template_test(options, argc - 1, argv + 1);
	if (argc == 2 && !strcmp(argv[0], "undrain"))
		return _order(options, VERB_UNDRAIN, argv[1], NULL);
	return _usage();
}
