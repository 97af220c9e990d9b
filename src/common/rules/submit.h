/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * submit - what a job may ask of clones at the moment it is submitted: does
 * the template exist, does the partition offer it, which features say so.
 *
 * Behind job_submit_sclone.so. scloned does not rely on it: it reads the
 * features again when the nodes are made.
 */
#ifndef SCLONE_RULES_SUBMIT_H
#define SCLONE_RULES_SUBMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#include "template.h"

#define SUBMIT_FEATURES_SIZE (TEMPLATE_EXPR_MAX + 1)

/* A Slurm partition that holds nodes of ours. */
struct submit_partition {
	const char *name;
	uint64_t offered;		/* of the site's templates: a mask */
	/* What its nodes become by themselves; NULL when they differ. */
	const char *by_default;
	bool shared;			/* all of them serve many jobs */
};

struct submit_site {
	const char *const *templates;	/* all there are */
	size_t template_count;
	const struct submit_partition *partitions;
	/* 0: partitions are not known, and not judged by. */
	size_t partition_count;
	bool shared;			/* all nodes serve many jobs */
};

struct submit_job {
	const char *partitions;		/* comma-separated; or NULL */
	const char *features;		/* or NULL */
	const char *template_name;	/* --template=, or NULL */
	const char *extra;		/* --extra, of 23.02 on; or NULL */
};

struct submit_verdict {
	bool ours;			/* the job may run on clones */
	bool exclusive;			/* and must have them to itself */
	/* The features it must have instead of its own; "" to leave them. */
	char features[SUBMIT_FEATURES_SIZE];
};

/*
 * Judge a job. -1 CONFIG, for the user: what is wrong and what is allowed.
 * *verdict is set on success only.
 */
int submit_judge(const struct submit_site *site, const struct submit_job *job,
		 struct submit_verdict *verdict, struct err *err);

#endif
