/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * template - which template a job's feature expression names.
 *
 * Slurm's grammar: names joined by '&' or ',' (and) and '|' (or), in
 * parentheses or brackets, with counts ("a*2"). Names that are no template
 * are other features: Slurm has seen to them, and they count as fulfilled. An
 * expression without any template is not looked at further.
 */
#ifndef SCLONE_RULES_TEMPLATE_H
#define SCLONE_RULES_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define TEMPLATE_NONE (-1)
#define TEMPLATE_EXPR_MAX 4096	/* bytes of an expression */
#define TEMPLATE_DEPTH_MAX 16	/* nested brackets */
#define TEMPLATE_NAMES_MAX 64
#define TEMPLATE_NAME_SIZE 65	/* one more than a name may have, so that what
				 * is cut to it is none */
#define TEMPLATE_ALL UINT64_MAX	/* of a mask: all of them */

/* What there is to choose from. In masks, bit i stands for names[i]. */
struct template_choice {
	const char *const *names;	/* all there are */
	size_t count;			/* <= TEMPLATE_NAMES_MAX */
	uint64_t offered;		/* what the node can become */
	uint64_t healthy;		/* what can be cloned now */
};

/*
 * Index of the chosen name to *choice: of those that satisfy the expression
 * and are offered, the first one written that is healthy, or else the first
 * one; TEMPLATE_NONE when it leaves the choice open (it may be NULL or "").
 * -1 CONFIG, for the user: several templates are demanded at once, none of
 * those demanded is offered, or the expression is malformed.
 */
int template_choose(const char *expr, const struct template_choice *from,
		    int *choice, struct err *err);

/* A node that is names[index] satisfies the expression. */
bool template_allows(const char *expr, const char *const *names,
		     size_t count, size_t index);

/* A mask of the names that stand in the expression. */
uint64_t template_named(const char *expr, const char *const *names,
			size_t count);

/*
 * The name that sbatch --extra gives, when that is a JSON object as in
 * {"template":"rocky9"}; else "", since it may be anything else.
 */
void template_of_extra(const char *extra, char name[TEMPLATE_NAME_SIZE]);

/* "a, b": the names in the mask, cut to size bytes. */
void template_names(const char *const *names, size_t count, uint64_t mask,
		   char *out, size_t size);

#endif
