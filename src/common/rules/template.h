/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * template - which template a job's feature expression names.
 *
 * Slurm's grammar: names joined by '&' or ',' (and) and '|' (or), in
 * parentheses or brackets, with counts ("a*2"). Names that are no template
 * are other features and do not matter.
 */
#ifndef SCLONE_RULES_TEMPLATE_H
#define SCLONE_RULES_TEMPLATE_H

#include <stddef.h>

#include "common/base/err.h"

#define TEMPLATE_NONE (-1)
#define TEMPLATE_EXPR_MAX 4096	/* bytes of an expression */
#define TEMPLATE_DEPTH_MAX 16	/* nested brackets */

/*
 * Index of the chosen name to *choice: of alternatives the first that names
 * a template; TEMPLATE_NONE when none does (expr may be NULL or ""). -1
 * CONFIG, for the user: two different templates are demanded at once, or
 * the expression is malformed.
 */
int template_choose(const char *expr, const char *const *names, size_t count,
		    int *choice, struct err *err);

#endif
