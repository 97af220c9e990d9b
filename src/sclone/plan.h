/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan - what the two halves of `sclone plan` share: plan.c asks the rules,
 * plan_print.c prints what they say.
 */
#ifndef SCLONE_SCLONE_PLAN_H
#define SCLONE_SCLONE_PLAN_H

#include "common/clone/choose.h"
#include "common/clone/snapshot.h"
#include "common/rules/forecast.h"

/* A node that was asked for. */
struct plan_row {
	const char *node;
	const char *template_name;	/* "": none */
	char how[CHOOSE_TEXT_SIZE];	/* what named it */
	const char *note;		/* its drain in Slurm, or NULL */
};

struct plan_result {
	const struct snapshot *snapshot;
	const struct plan_row *rows;
	const struct forecast *fates;	/* in the same order */
	size_t count;
	int64_t cloning, booting;	/* measured, us; 0: not */
};

void plan_print(const struct plan_result *result);

/* NULL when out of memory. */
struct json *plan_json(const struct plan_result *result);

#endif
