/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sclone template - what clones are made from: look at it, and steer it. */
#include <stdio.h>
#include <string.h>

#include "template.h"

static int _usage(void)
{
	fprintf(stderr, "usage: sclone template list\n"
			"       sclone template show TEMPLATE|SOURCE\n");
	return COMMAND_CRITICAL;
}

int template_command(const struct command_options *options, int argc,
		     char **argv)
{
	if (argc == 1 && !strcmp(argv[0], "list"))
		return template_list(options);
	if (argc == 2 && !strcmp(argv[0], "show"))
		return template_show(options, argv[1]);
	return _usage();
}
