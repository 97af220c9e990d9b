/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * template - the parts of `sclone template`: template.c reads the command
 * line, template_list.c shows.
 */
#ifndef SCLONE_SCLONE_TEMPLATE_H
#define SCLONE_SCLONE_TEMPLATE_H

#include "command.h"

/* All templates, or one of them, or one source; NAME of the command line. */
int template_list(const struct command_options *options);
int template_show(const struct command_options *options, const char *name);

#endif
