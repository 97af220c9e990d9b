/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * claims - a prolog's part of ipc/claim: those on all nodes of its job that
 * serve one job each. Nothing is claimed as long as nobody knows which do.
 */
#ifndef SCLONE_POWER_SAVE_CLAIMS_H
#define SCLONE_POWER_SAVE_CLAIMS_H

#include "common/base/hostlist.h"
#include "common/base/json.h"
#include "common/base/table.h"
#include "common/ipc/claim.h"

struct claims {
	const char *spool;
	const struct hostlist *nodes;	/* the job's; NULL: not known */
	const struct table *single;	/* the nodes for one job; the same */
	struct claim mine;
};

/*
 * Put "claims" into the question to scloned: the nodes that others have
 * claimed, as {"node":name,"job":N,"since":us}, some hundreds at most;
 * nothing when there are none. -1: out of memory.
 */
int claims_tell(const struct claims *claims, struct json *call);

/* scloned let the job onto its nodes: they are its. What does not work is
 * logged. */
void claims_take(const struct claims *claims);

/* Nobody can be asked. -1 EXISTS: the VM of one of the nodes has served
 * another job, or this one before. What does not work is logged. */
int claims_ask(const struct claims *claims, struct err *err);

#endif
