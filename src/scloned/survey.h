/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * survey - one whole look at what there is: when slurmctld started, then
 * Slurm's node table, then the clone folder with its owner marks. Only the
 * fleet's views change by it; what follows is the reconciler's.
 */
#ifndef SCLONE_SCLONED_SURVEY_H
#define SCLONE_SCLONED_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/rules/reconcile.h"

struct daemon;
struct survey;

/* A VM under a node's name, or with its mark. */
struct survey_vm {
	bool ours;		/* by its owner mark, which says: */
	uint64_t epoch;
	char node[OWNER_NODE_SIZE];
	char vm[RECORD_MOREF_SIZE];
	char instance_uuid[UUID_TEXT_SIZE];
	char name[OWNER_NODE_SIZE];	/* as vCenter has it, cut */
};

/* done comes once, from the loop: NULL when all was read. NULL: TRANSIENT
 * when Slurm or vCenter is away, FATAL. */
struct survey *survey_start(struct daemon *daemon,
			    void (*done)(const struct err *failure,
					 void *arg),
			    void *arg, struct err *err);

/* When it is done, or when the daemon stops. Accepts NULL. */
void survey_destroy(struct survey *survey);
CLEANUP_DEFINE(struct survey *, survey_destroy)
#define cleanup_survey cleanup_with(survey_destroy_cleanup_)

/* What follows is for a survey that is done. Times: us since 1970. */

int64_t survey_began(const struct survey *survey);
int64_t survey_slurm_started(const struct survey *survey);

/* VMs of ours, and those in the clone folder that are not. */
size_t survey_ours(const struct survey *survey);
size_t survey_foreign(const struct survey *survey);

/* As the rules put it; the node's view must be the survey's or younger. */
enum reconcile_sight survey_sight(const struct survey *survey,
				  const struct record *rec);
enum reconcile_node survey_node(const struct survey *survey,
				const struct record *rec);

/* What was seen of a node; NULL when nothing was, or nothing but the VM that
 * its record has. Of several VMs the one of the latest epoch. */
const struct survey_vm *survey_vm(const struct survey *survey,
				  const char *node);

/* Walk VMs of ours whose nodes have no record; start with *pos = 0. */
const struct survey_vm *survey_stray(const struct survey *survey,
				     size_t *pos);
size_t survey_strays(const struct survey *survey);

#endif
