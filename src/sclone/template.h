/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * template - the parts of `sclone template`: template.c reads the command
 * line, template_list.c shows, template_test.c tests.
 */
#ifndef SCLONE_SCLONE_TEMPLATE_H
#define SCLONE_SCLONE_TEMPLATE_H

#include "command.h"

/* All templates, or one of them, or one source; NAME of the command line. */
int template_list(const struct command_options *options);
int template_show(const struct command_options *options, const char *name);

/* --timeout and NAME or --all of the command line. */
int template_test(const struct command_options *options, int argc,
		  char **argv);

/* What TEST of verbs.h says, on lines that begin with indent. */
void template_print_test(const struct json *test, const char *indent);

/* Who is to be asked about an order: behind sudo, whoever called that. NULL:
 * nobody knows. Borrowed. */
const char *template_who(void);

#endif
